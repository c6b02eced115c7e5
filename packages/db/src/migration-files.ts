import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface MigrationFile {
  readonly version: number;
  readonly name: string;
  /** Folder-relative names; `down` is missing when there is no way back. */
  readonly up: string;
  readonly down: string | undefined;
}

/** The names of golang-migrate: `7_add_things.up.sql`. */
const NAME = /^(\d+)_(.+)\.(up|down)\.sql$/;

/** The repository's own migrations, beside the packages. */
export const MIGRATIONS_DIRECTORY = join(import.meta.dirname, '../../../migrations');

/** All migrations of a folder, in order. Throws when two claim one version or one has no way up. */
export async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const byVersion = new Map<number, { name: string; up?: string; down?: string }>();
  for (const file of (await readdir(directory)).toSorted()) {
    const [, digits, name, direction] = NAME.exec(file) ?? [];
    if (digits === undefined || name === undefined) continue;
    const version = Number(digits);
    const known = byVersion.get(version) ?? { name };
    const side = direction === 'up' ? 'up' : 'down';
    if (known.name !== name || known[side] !== undefined) {
      throw new Error(`migration ${version} is there twice: ${known.name} and ${name}`);
    }
    known[side] = file;
    byVersion.set(version, known);
  }
  return [...byVersion]
    .map(([version, { name, up, down }]) => {
      if (up === undefined) throw new Error(`migration ${version} (${name}) has no .up.sql`);
      return { version, name, up, down };
    })
    .toSorted((a, b) => a.version - b.version);
}

export async function readSql(directory: string, file: string): Promise<string> {
  return await readFile(join(directory, file), 'utf8');
}
