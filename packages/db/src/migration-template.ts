import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMigrations } from './migration-files.ts';

const NAME = /^[a-z][a-z0-9_]{2,60}$/;
const VERSION_DIGITS = 3;

/** Writes an empty pair of migration files with the next version; tells their names. */
export async function createMigration(directory: string, name: string): Promise<string[]> {
  if (!NAME.test(name)) throw new Error('a migration is named like add_something: a-z, 0-9 and _');
  const migrations = await readMigrations(directory);
  const version = String((migrations.at(-1)?.version ?? 0) + 1).padStart(VERSION_DIGITS, '0');
  const files = ['up', 'down'].map((direction) => `${version}_${name}.${direction}.sql`);
  for (const file of files) {
    // Only a new file: never over one that somebody else just made.
    await writeFile(join(directory, file), '-- Sole writer of the tables below: name the service.\n', {
      flag: 'wx',
    });
  }
  return files;
}
