/**
 * What a killed run leaves in a data folder: a `postmaster.pid`, whose process is gone, or is
 * another one by now, or still serves this folder. Only the last is a server, and it is known by
 * its command line, never by its pid.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLineOf, identityOf, isRunning } from './process-identity.ts';

const stopTimeoutMs = 20_000;
const pollEveryMs = 50;

export async function endLeftBehind(dataDir: string, { allowed }: { allowed: boolean }): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const identity = await identityOf(pid);
  const command = identity === undefined ? undefined : await commandLineOf(pid);
  if (identity === undefined || command?.includes(`-D ${dataDir} `) !== true) {
    await rm(file, { force: true });
    return;
  }
  if (!allowed) throw new Error(`A PostgreSQL server (pid ${pid}) already works in ${dataDir}`);
  process.kill(pid, 'SIGINT');
  const deadlineMs = performance.now() + stopTimeoutMs;
  while (await isRunning(identity)) {
    if (performance.now() > deadlineMs) {
      // The server recovers from its log; its sessions end when they see that it is gone.
      process.kill(pid, 'SIGKILL');
      await delay(pollEveryMs);
      return;
    }
    await delay(pollEveryMs);
  }
}
