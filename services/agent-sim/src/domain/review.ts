/** Whether an artifact may stand: it can be read, has its parts, and serves what the brief asks for. */
import { type ArtifactKind } from './artifacts.ts';
import { type Brief } from './brief.ts';

export interface Verdict {
  readonly vote: 'yes' | 'no';
  readonly reason: string;
}

export interface Reviewed {
  readonly kind: ArtifactKind;
  readonly mediaType: string;
  readonly content: string;
}

const OBJECTIONS_MAX = 8;

export function review(artifact: Reviewed, brief: Brief): Verdict {
  const objections = OBJECTIONS[artifact.kind](artifact, brief);
  if (objections.length === 0) {
    return { vote: 'yes', reason: `complete, and serves all ${brief.goals.length} goals of the brief` };
  }
  return { vote: 'no', reason: objections.slice(0, OBJECTIONS_MAX).join('; ') };
}

type Check = (artifact: Reviewed, brief: Brief) => string[];

const OBJECTIONS: Readonly<Record<ArtifactKind, Check>> = {
  kickoff_manifest: checkManifest,
  seminal_decision_record: (artifact, brief) => [
    ...missingHeadings(artifact.content, ['Context', 'Decision', 'Alternatives', 'Consequences']),
    ...missingTexts(artifact.content, brief.goals, 'goal'),
  ],
  scaffold_plan: (artifact, brief) => [
    ...missingHeadings(artifact.content, ['Structure', 'Steps']),
    ...(/^\d+\. \S/m.test(artifact.content) ? [] : ['it has no steps']),
    ...missingTexts(
      artifact.content,
      brief.scope.map((item) => item.replace(/[.;]$/, '')),
      'item of the scope',
    ),
  ],
  gate_tests: checkGates,
};

function checkManifest({ content }: Reviewed, brief: Brief): string[] {
  const manifest = parsed(content);
  if (manifest === undefined) return ['it is not a JSON object'];
  const goals = texts(manifest['goals']);
  const missing = brief.goals.filter((goal) => !goals.includes(goal));
  return [
    ...['project', 'goals', 'scope', 'milestones']
      .filter((name) => !Object.hasOwn(manifest, name))
      .map((name) => `it has no ${name}`),
    ...missing.map((goal) => `it leaves out the goal "${goal}"`),
  ];
}

function checkGates({ content }: Reviewed, brief: Brief): string[] {
  const [head, ...scenarios] = content.split(/^\s*Scenario:\s*/m);
  const criteria = brief.acceptance.length > 0 ? brief.acceptance : brief.goals;
  const broken = scenarios.filter((text) => !['Given', 'When', 'Then'].every((word) => hasStep(text, word)));
  const covered = content.replaceAll("'", '"');
  return [
    ...(/^\s*Feature:\s*\S/m.test(head ?? '') ? [] : ['it names no feature']),
    ...(scenarios.length === 0 ? ['it has no scenario'] : []),
    ...broken.map((text) => `scenario "${text.split('\n', 1)[0]}" lacks a step`),
    ...criteria
      .filter((criterion) => !covered.includes(spaced(criterion).replaceAll("'", '"')))
      .map((criterion) => `nothing tests "${criterion}"`),
  ];
}

function hasStep(scenario: string, word: string): boolean {
  return scenario.split('\n').some((line) => line.trimStart().startsWith(`${word} `));
}

function missingHeadings(content: string, headings: readonly string[]): string[] {
  const present = new Set(content.split('\n').flatMap((line) => /^#{2,6}\s+(.+?)\s*$/.exec(line)?.[1] ?? []));
  return headings.filter((heading) => !present.has(heading)).map((heading) => `it has no section ${heading}`);
}

function missingTexts(content: string, wanted: readonly string[], what: string): string[] {
  return wanted
    .filter((text) => !content.includes(text))
    .map((text) => `it leaves out the ${what} "${text}"`);
}

function spaced(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function parsed(content: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function texts(list: unknown): unknown[] {
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown) =>
    typeof item === 'object' && item !== null && 'text' in item ? item.text : item,
  );
}
