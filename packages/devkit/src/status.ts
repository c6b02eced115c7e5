/** `make status`: what runs, whether it can work, and where it is. Exit code 1 when something cannot. */
import { readDevSettings } from './dev/dev-settings.ts';
import { loadEnvironment } from './load-environment.ts';
import { readDevFile } from './dev/dev-file.ts';
import { runStateFile } from './dev/start-dev-run.ts';
import { isRunning } from './process-identity.ts';
import { readRunState, runningSupervisor } from './supervise/run-state.ts';

const probeTimeoutMs = 2_000;
const { directory } = readDevSettings(loadEnvironment());
const stateFile = runStateFile(directory);

if ((await runningSupervisor(stateFile)) === undefined) {
  console.log('Nothing runs. `make run-dev` starts everything.');
  process.exit(1);
}
const [state, file] = [await readRunState(stateFile), await readDevFile(directory)];
let allReady = true;
for (const entry of state?.processes ?? []) {
  const admin = file?.admin[entry.name];
  const verdict = (await isRunning(entry)) ? await probe(admin) : 'gone';
  allReady &&= verdict === 'ready' || verdict === 'running';
  console.log(
    `${entry.name.padEnd(14)} ${String(entry.pid).padStart(8)}  ${verdict.padEnd(10)} ${admin ?? ''}`,
  );
}
if (file !== undefined) console.log(`\npage ${file.page_url}`);
process.exit(allReady ? 0 : 1);

async function probe(admin: string | undefined): Promise<string> {
  if (admin === undefined) return 'running';
  try {
    const reply = await fetch(`${admin}/ready`, { signal: AbortSignal.timeout(probeTimeoutMs) });
    if (reply.ok) return 'ready';
    const { failing = {} } = (await reply.json()) as { failing?: Record<string, string> };
    return `not ready (${Object.entries(failing)
      .map(([name, why]) => `${name}: ${why}`)
      .join('; ')})`;
  } catch (cause) {
    return `no answer (${cause instanceof Error ? cause.message : String(cause)})`;
  }
}
