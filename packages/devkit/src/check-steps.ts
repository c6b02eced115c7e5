/** What `make check` and `make test` run, in this order; every step runs even when one before it failed. */

export interface CheckStep {
  readonly name: string;
  readonly command: readonly [file: string, ...args: string[]];
  /** Must be found in the output: a check that looked at nothing has not passed. */
  readonly proof?: RegExp;
}

export const checkSteps: readonly CheckStep[] = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'types (page)', command: ['tsc', '-p', 'services/gateway/page'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '.'], proof: /on [1-9]\d* files/ },
  { name: 'format', command: ['prettier', '--check', '.'] },
  { name: 'layers', command: ['turbo', 'boundaries'], proof: /Checked [1-9]\d* files/ },
];

export const testProjects = ['unit', 'tidy', 'integration', 'e2e'] as const;

export function testStep(project: string, resultFile: string): CheckStep {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultFile}`];
  return { name: project, command: ['vitest', 'run', '--project', project, ...reporters] };
}

export interface StepResult {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** What was counted, or why it failed. */
  readonly note: string;
}

/** The closing summary: one line per step, and the verdict as the last. */
export function summaryOf(results: readonly StepResult[]): string {
  const lines = results.map(
    ({ name, passed, seconds, note }) =>
      `  ${passed ? 'ok    ' : 'FAILED'}  ${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  ${note}`,
  );
  const failed = results.filter(({ passed }) => !passed).map(({ name }) => name);
  const verdict = failed.length === 0 ? 'All passed.' : `Failed: ${failed.join(', ')}.`;
  return ['', 'Summary', ...lines.map((line) => line.trimEnd()), verdict].join('\n');
}

/** The tests of all steps together, in the plain form that continuous integrations read; undefined where none ran. */
export function totalOf(results: readonly StepResult[]): string | undefined {
  const sum = (word: string): number =>
    results.reduce((total, { note }) => total + Number(new RegExp(`(\\d+) ${word}`).exec(note)?.[1] ?? 0), 0);
  const [passed, failed] = [sum('passed'), sum('failed')];
  return passed + failed === 0 ? undefined : `${passed} passed, ${failed} failed`;
}

/** How many tests vitest ran, from its JSON report; none at all is a failure. */
export function countsOf(report: string | undefined): { readonly passed: boolean; readonly note: string } {
  if (report === undefined) return { passed: false, note: 'no result was written' };
  const {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
  } = JSON.parse(report) as Record<'numPassedTests' | 'numFailedTests' | 'numPendingTests', number>;
  const parts = [
    `${passed} passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  return { passed: passed > 0 && failed === 0, note: passed === 0 ? 'no test ran' : parts.join(', ') };
}
