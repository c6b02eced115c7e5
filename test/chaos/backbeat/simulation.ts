/** `make chaos PART=simulation`: simulated clusters of Raft and of pulses, `SEEDS` (10,000) of each, from `SEED` on; two at a time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CHUNKS = 10;
const seed = Number(process.env['SEED'] ?? 1);
const seeds = Number(process.env['SEEDS'] ?? 10_000);
const size = Math.ceil(seeds / CHUNKS);

async function run(program: string, ...args: readonly string[]): Promise<boolean> {
  const file = fileURLToPath(new URL(`../../../${program}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  const stop = (): void => void child.kill();
  process.once('SIGTERM', stop).once('SIGINT', stop);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGTERM', stop).off('SIGINT', stop);
  return code === 0;
}

/** In chunks, so that one sees how far it is; the first failure ends it. */
async function all(program: string, ...more: readonly string[]): Promise<boolean> {
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    if (!(await run(program, String(seed + chunk * size), String(size), ...more))) return false;
  }
  return true;
}

const results = await Promise.all([
  all('packages/raft-ts/sim/run.ts', 'drawn'),
  all('services/pulse/sim/run.ts'),
]);
process.exit(results.every(Boolean) ? 0 : 1);
