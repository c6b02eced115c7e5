import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';

/** Readable by its owner alone, and replaced as a whole: a reader never sees half of it. */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${randomUUID()}`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, file);
}
