import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ENTRIES_EACH_MAX = 8;
/** An entry begins with its time and level; what belongs to it is indented below. */
const ENTRY = /^\[[\d:.]+\] /mu;
const LOUD = /^(?:WARN|ERROR|FATAL)/u;

/**
 * Adds to a failure what the processes of the run warned of before it: the folder with their logs is gone when the
 * failure is read.
 */
export async function withStory<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${String(cause)}\n${await storyOf(join(directory, 'logs'))}`, { cause });
  }
}

async function storyOf(directory: string): Promise<string> {
  const files = await readdir(directory).catch(() => []);
  const parts = await Promise.all(
    files.toSorted().map(async (file) => {
      const entries = (await readFile(join(directory, file), 'utf8')).split(ENTRY);
      const loud = entries.filter((entry) => LOUD.test(entry)).slice(-ENTRIES_EACH_MAX);
      return loud.length === 0 ? [] : [`── ${file}`, ...loud.map((entry) => entry.trimEnd())];
    }),
  );
  return parts.flat().join('\n');
}
