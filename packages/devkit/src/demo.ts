/**
 * `make demo`: the main job from the issue to the first BarReport of the council, without a
 * terminal. The last line of standard output is one JSON object; everything else is for people.
 */
import { join } from 'node:path';
import { readDevSettings } from './dev/dev-settings.ts';
import { sayFailure } from './dev/say-failure.ts';
import { startDevRun, type DevRun } from './dev/start-dev-run.ts';
import { deployedCouncilAgents, type MainJob } from './dev/main-job.ts';
import { runMainJob, type Finished } from './dev/watch-main-job.ts';
import { loadEnvironment } from './load-environment.ts';
import { stateDirectory } from './paths.ts';
import { type Say } from './progress.ts';
import { stopSignals } from './stop-signals.ts';

const deadlineSecondsDefault = 180;

const say: Say = (line) => void process.stdout.write(`${line}\n`);
const startedMs = performance.now();
const deadlineSeconds = Number(process.env['DEMO_DEADLINE_SECONDS'] ?? deadlineSecondsDefault);

let run: DevRun | undefined;
let finished: Finished | undefined;
let failure: unknown;
let directory = stateDirectory;
const interrupted = stopSignals(() => run?.supervisor.kill());
try {
  if (!(deadlineSeconds > 0)) throw new Error('DEMO_DEADLINE_SECONDS is a number of seconds greater than 0');
  const settings = readDevSettings(loadEnvironment());
  directory = settings.directory;
  const stopping = AbortSignal.any([interrupted, AbortSignal.timeout(deadlineSeconds * 1_000)]);
  run = await startDevRun(settings, say, stopping);
  finished = await runMainJob(run.file(), say, stopping);
} catch (cause) {
  failure = cause;
}
const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
await run?.[Symbol.asyncDispose]();

if (finished?.report === undefined) {
  if (failure !== undefined) sayFailure(failure, join(directory, 'logs'), say);
  const why = interrupted.aborted ? 'interrupted' : `not done within ${deadlineSeconds} s`;
  for (const sentence of finished?.missing ?? []) say(`missing (${why}): ${sentence}`);
} else {
  process.stdout.write(`${JSON.stringify(summary(finished))}\n`);
}
process.exit(finished?.report === undefined ? 1 : 0);

function summary({ issue, job, report }: Finished): object {
  return {
    brief: `${job.repository}#${issue.number}`,
    council: job.council?.id,
    roles: rolesOf(job),
    agents: deployedCouncilAgents(job),
    report,
    seconds,
  };
}

function rolesOf({ council }: MainJob): Record<string, string> {
  const taken = council?.seats.flatMap(({ role, agent_id }) =>
    agent_id === null ? [] : [[role, agent_id] as const],
  );
  return Object.fromEntries(taken ?? []);
}
