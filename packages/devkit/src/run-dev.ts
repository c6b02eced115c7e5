/** `make run-dev`: starts everything, sends the main job through it, and stays until Ctrl-C. */
import { once } from 'node:events';
import { join } from 'node:path';
import { readDevSettings } from './dev/dev-settings.ts';
import { type DevFile } from './dev/dev-file.ts';
import { sayFailure } from './dev/say-failure.ts';
import { startDevRun, type DevRun } from './dev/start-dev-run.ts';
import { runMainJob } from './dev/watch-main-job.ts';
import { loadEnvironment } from './load-environment.ts';
import { stateDirectory } from './paths.ts';
import { type Say } from './progress.ts';
import { stopSignals } from './stop-signals.ts';

const say: Say = (line) => void process.stdout.write(`${line}\n`);

let run: DevRun | undefined;
let directory = stateDirectory;
const stopping = stopSignals(() => run?.supervisor.kill());
let exitCode = 0;
try {
  const settings = readDevSettings(loadEnvironment());
  directory = settings.directory;
  const startedMs = performance.now();
  run = await startDevRun(settings, say, stopping);
  say(`Everything is ready (${((performance.now() - startedMs) / 1_000).toFixed(1)} s).\n`);
  sayAddresses(run.file(), directory);
  if (settings.external.gitea === undefined) await followMainJob(run);
  if (!stopping.aborted) {
    say('\nRunning. Ctrl-C stops everything; the data stays until `make reset`.');
    await once(stopping, 'abort');
  }
} catch (cause) {
  if (!stopping.aborted) {
    exitCode = 1;
    sayFailure(cause, join(directory, 'logs'), say);
  }
}
if (run !== undefined) {
  say('\nStopping …');
  await run[Symbol.asyncDispose]();
  say('Stopped; nothing is left running.');
}
process.exit(exitCode);

async function followMainJob(devRun: DevRun): Promise<void> {
  try {
    const { report } = await runMainJob(devRun.file(), say, stopping);
    if (report === undefined) return;
    say(
      `  • first BarReport of the council: window ${report.window_id}, beats ${report.from_beat}–${report.to_beat}, ${report.agents_reporting} agents reporting`,
    );
  } catch (cause) {
    // The system itself is up; whoever started it can look into it.
    sayFailure(cause, join(directory, 'logs'), say);
  }
}

function sayAddresses(file: DevFile, where: string): void {
  const lines = [
    ['page', file.page_url],
    ['REST', `${file.gateway}/api/v1 (API page: ${file.gateway}/docs)`],
    ['Gitea', file.gitea],
    ['pulse', `${file.pulse}/api/v1/status`],
    ['reverb', `${file.reverb}/api/v1/windows`],
    ['NATS', file.nats],
    ['all', `${join(where, 'dev.json')} (addresses, tokens), ${join(where, 'logs')}`],
  ] as const;
  for (const [name, value] of lines) say(`  ${name.padEnd(7)} ${value}`);
  say('');
}
