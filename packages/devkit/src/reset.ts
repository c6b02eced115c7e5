/** `make reset`: forgets the data of the dev run. What was downloaded or built stays. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readDevSettings } from './dev/dev-settings.ts';
import { loadEnvironment } from './load-environment.ts';
import { runStateFile } from './dev/start-dev-run.ts';
import { endLeftBehind } from './postgres-left-behind.ts';
import { removeEmbeddedPostgresData } from './postgres-data.ts';
import { endAgents } from './supervise/left-behind-agents.ts';
import { endLeftovers, runningSupervisor } from './supervise/run-state.ts';

const kept = new Set(['cache']);
const { directory } = readDevSettings(loadEnvironment());
const running = await runningSupervisor(runStateFile(directory));
if (running !== undefined) {
  console.error(`A run is at work (pid ${running.pid}): stop it first.`);
  process.exit(1);
}
await endLeftovers(runStateFile(directory));
await endAgents(join(directory, 'agents'));
await endLeftBehind(join(directory, 'postgres'), { allowed: true });
await removeEmbeddedPostgresData(join(directory, 'postgres'));
const names = await readdir(directory).catch(() => []);
for (const name of names)
  if (!kept.has(name)) await rm(join(directory, name), { recursive: true, force: true });
console.log(`The data in ${directory} is gone.`);
