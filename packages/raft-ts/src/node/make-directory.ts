import { existsSync } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes the directory and what is missing above it, each name durable. One after the other, since the recursive `mkdir`
 * of Node never returns below a file system that answers with ENOENT, as /proc does. Rejects with the error of the system,
 * `ENOTDIR` also when a file is in the way.
 */
export async function makeDirectory(directory: string): Promise<void> {
  const path = resolve(directory);
  const missing: string[] = [];
  for (let at = path; !existsSync(at) && at !== dirname(at); at = dirname(at)) missing.push(at);
  for (const each of missing.toReversed()) {
    await made(each);
    await syncPath(dirname(each));
  }
  if ((await stat(path)).isDirectory()) return;
  throw Object.assign(new Error(`${path} is not a directory`), { code: 'ENOTDIR' });
}

async function made(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    // Another process was faster.
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  }
}

/** Makes the names in a directory durable. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
