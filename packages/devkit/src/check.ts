/**
 * `make check`, `make test`: runs the steps, shows their output as it comes, says that it is alive
 * when a step is silent for long, and closes with one summary. Names of vitest projects as arguments
 * add their tests to the checks.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkSteps,
  countsOf,
  summaryOf,
  testStep,
  totalOf,
  type CheckStep,
  type StepResult,
} from './check-steps.ts';
import { natsServerBinary } from './nats-server-binary.ts';
import { OwnedProcess } from './owned-process.ts';
import { repositoryRoot, stateDirectory } from './paths.ts';

const silenceMaxMs = 10_000;
const outputKeptBytes = 64_000;
const resultDirectory = join(stateDirectory, 'test');

let current: OwnedProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    void (async () => {
      await current?.stop();
      process.exit(130);
    })();
  });
}

const projects = process.argv.slice(2);
await mkdir(resultDirectory, { recursive: true });
const results: StepResult[] = [];
for (const step of checkSteps) results.push(await runStep(step));
if (projects.length > 0) process.env['NATS_SERVER_BIN'] = await natsServerBinary();
for (const project of projects) results.push(await runProject(project));
console.log(summaryOf(results));
const total = totalOf(results);
if (total !== undefined) console.log(total);
process.exit(results.every(({ passed }) => passed) ? 0 : 1);

async function runProject(project: string): Promise<StepResult> {
  const resultFile = join(resultDirectory, `${project}.json`);
  await rm(resultFile, { force: true });
  const result = await runStep(testStep(project, resultFile));
  const { passed, note } = countsOf(await readFile(resultFile, 'utf8').catch(() => undefined));
  return { ...result, passed: result.passed && passed, note };
}

async function runStep({ name, command, proof }: CheckStep): Promise<StepResult> {
  console.log(`\n── ${name}: ${command.slice(0, 4).join(' ')}`);
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1_000;
  let output = '';
  const alive = setInterval(() => console.log(`  … ${name} (${Math.round(seconds())} s)`), silenceMaxMs);
  const [file, ...args] = command;
  try {
    current = await OwnedProcess.start({
      file: join(repositoryRoot, 'node_modules', '.bin', file),
      args,
      cwd: repositoryRoot,
      env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }) },
      onOutput: (chunk) => {
        alive.refresh();
        process.stdout.write(chunk);
        output = (output + chunk.toString()).slice(-outputKeptBytes);
      },
    });
    const { code, signal } = await current.exited;
    const proved = proof === undefined || proof.test(output);
    const note = code === 0 ? (proved ? '' : 'looked at nothing') : `ended with ${signal ?? `code ${code}`}`;
    return { name, passed: code === 0 && proved, seconds: seconds(), note };
  } finally {
    clearInterval(alive);
  }
}
