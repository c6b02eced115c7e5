/**
 * `make migrate*`: the migration command of the database package, with the environment of `.env` and,
 * while a dev run is at work and no database is named, with the database of that run.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readDevFile } from './dev/dev-file.ts';
import { readDevSettings } from './dev/dev-settings.ts';
import { loadEnvironment } from './load-environment.ts';
import { repositoryRoot } from './paths.ts';

const env = loadEnvironment();
const { directory, external } = readDevSettings(env);
const running = external.database ? undefined : await readDevFile(directory);
const database = running?.database_url ?? undefined;
const needsDatabase = process.argv[2] !== 'create';
if (needsDatabase && !external.database && database === undefined) {
  console.error('Which database? Set WHOOSH_DATABASE_URL or its parts, or start `make run-dev` first.');
  process.exit(1);
}
const { status } = spawnSync(
  process.execPath,
  [join(repositoryRoot, 'packages', 'db', 'src', 'main.ts'), ...process.argv.slice(2)],
  { stdio: 'inherit', env: { ...env, ...(database === undefined ? {} : { WHOOSH_DATABASE_URL: database }) } },
);
process.exit(status ?? 1);
