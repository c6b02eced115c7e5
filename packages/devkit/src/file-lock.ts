/**
 * Keeps several processes from doing the same long piece of work at once (two test runs that both
 * build the broker). It saves time and guards nothing: what is done under it must also be right
 * when done twice, because a lock whose holder is gone is taken over.
 */
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts';

const pollEveryMs = 100;
const unreadableForMsMax = 2_000;

export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  let unreadableMs = 0;
  while (!(await tryCreate(path))) {
    const holder = await readHolder(path);
    // Between creating and writing the file is empty: that is a holder too, but not for long.
    unreadableMs = holder === undefined ? unreadableMs + pollEveryMs : 0;
    const gone = holder === undefined ? unreadableMs > unreadableForMsMax : !(await isRunning(holder));
    if (gone) await rm(path, { force: true });
    else await delay(pollEveryMs);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryCreate(path: string): Promise<boolean> {
  const self = await identityOf(process.pid);
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(JSON.stringify(self));
    await file.close();
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

async function readHolder(path: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
