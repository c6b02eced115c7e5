import { setTimeout as wait } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { type Secret } from '@whoosh/config';
import { type Log } from '@whoosh/telemetry';
import pg from 'pg';
import { type MigrationFile, MIGRATIONS_DIRECTORY, readMigrations, readSql } from './migration-files.ts';

export interface MigrationOptions {
  readonly url: Secret;
  /** The repository's own when left out. */
  readonly directory?: string;
  readonly log?: Log;
}

export interface MigrateOptions extends MigrationOptions {
  readonly direction: 'up' | 'down';
  /** Up: the last version to apply, else all. Down: the version to end at (0 = empty), else one step. */
  readonly target?: number;
}

export interface MigrationState {
  /** 0 before the first. */
  readonly version: number;
  /** A migration failed half way; nothing goes on before somebody looked. */
  readonly dirty: boolean;
  readonly latest: number;
  readonly pending: readonly number[];
}

export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

const CONNECT_TIMEOUT_MS = 5_000;
const LOCK_POLL_MS = 100;
const LOCK_TIMEOUT_MS = 300_000;
/** golang-migrate's "no version": a first migration that failed on its way down is recorded with it. */
const NO_VERSION = -1;
/** Factor of golang-migrate's lock number (database/util.go), so that both tools exclude each other. */
const LOCK_SALT = 1_486_364_155;

/**
 * Brings the schema up or down, one file at a time, and tells the version it ends at. Compatible with golang-migrate:
 * file names, `schema_migrations(version, dirty)`, lock. Any number of processes may call it at once: one works, the others
 * wait and find nothing left to do.
 */
export async function migrate(options: MigrateOptions): Promise<number> {
  const { direction, target, log } = options;
  const directory = options.directory ?? MIGRATIONS_DIRECTORY;
  const migrations = await readMigrations(directory);
  return await locked(options.url, async (client) => {
    const at = await currentVersion(client);
    if (at.dirty) throw new MigrationError(dirtyMessage(at.version, migrations));
    const steps =
      direction === 'up'
        ? stepsUp(migrations, at.version, target)
        : stepsDown(migrations, at.version, target);
    let { version } = at;
    for (const step of steps) {
      await runStep(client, directory, step);
      version = step.after;
      log?.info({ migration: step.file, version }, 'migration applied');
    }
    return version;
  });
}

/** Where the schema is, without changing anything. */
export async function migrationState({
  url,
  directory = MIGRATIONS_DIRECTORY,
}: MigrationOptions): Promise<MigrationState> {
  const migrations = await readMigrations(directory);
  const client = await open(url);
  try {
    const at = await currentVersion(client);
    const pending = migrations
      .map((migration) => migration.version)
      .filter((version) => version > at.version);
    return { ...at, latest: migrations.at(-1)?.version ?? 0, pending };
  } finally {
    await client.end();
  }
}

/** Writes down a version and that it is clean, after somebody repaired by hand what a failed migration left. */
export async function forceVersion({ url, version }: { url: Secret; version: number }): Promise<void> {
  await locked(url, (client) => setVersion(client, version, false));
}

interface Step {
  readonly file: string;
  /** What is written down while it runs, as dirty, and afterwards, as clean. */
  readonly after: number;
}

function stepsUp(
  migrations: readonly MigrationFile[],
  from: number,
  target = Number.POSITIVE_INFINITY,
): Step[] {
  return migrations
    .filter(({ version }) => version > from && version <= target)
    .map(({ version, up }) => ({ file: up, after: version }));
}

function stepsDown(migrations: readonly MigrationFile[], from: number, target?: number): Step[] {
  const applied = migrations.filter(({ version }) => version <= from).toReversed();
  const before = (at: number) => applied[at + 1]?.version ?? 0;
  const end = target ?? (applied.length > 0 ? before(0) : 0);
  return applied
    .map(({ version, name, down }, at) => ({ version, name, down, after: before(at) }))
    .filter(({ version }) => version > end)
    .map(({ version, name, down, after }) => {
      if (down === undefined) throw new MigrationError(`migration ${version} (${name}) has no way back`);
      return { file: down, after };
    });
}

async function runStep(client: pg.Client, directory: string, { file, after }: Step): Promise<void> {
  const sql = await readSql(directory, file);
  // Dirty before, clean after: when the process dies in between, the next one sees it.
  await setVersion(client, after, true);
  try {
    await client.query(sql);
  } catch (cause) {
    throw new MigrationError(`${file} failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  await setVersion(client, after, false);
}

function dirtyMessage(version: number, migrations: readonly MigrationFile[]): string {
  const file = migrations.find((migration) => migration.version === version)?.up ?? `version ${version}`;
  const before = migrations.findLast((migration) => migration.version < version)?.version ?? 0;
  return (
    `the schema is dirty at ${file}: a migration failed half way. Look what of it is there; then either undo that by hand and ` +
    `run \`make migrate-force V=${before}\`, or finish it by hand and run \`make migrate-force V=${version}\`; then migrate again`
  );
}

async function currentVersion(client: pg.Client): Promise<{ version: number; dirty: boolean }> {
  const { rows: tables } = await client.query<{ oid: string | null }>(
    `select to_regclass('schema_migrations')::text as oid`,
  );
  if (tables[0]?.oid == null) return { version: 0, dirty: false };
  const { rows } = await client.query<{ version: string; dirty: boolean }>(
    'select version, dirty from schema_migrations limit 1',
  );
  const row = rows[0];
  return row === undefined
    ? { version: 0, dirty: false }
    : { version: Math.max(0, Number(row.version)), dirty: row.dirty };
}

async function setVersion(client: pg.Client, version: number, dirty: boolean): Promise<void> {
  const isEmptyAndClean = version === 0 && !dirty;
  const recorded = version === 0 ? NO_VERSION : version;
  await client.query('begin');
  await client.query(
    'create table if not exists schema_migrations (version bigint not null primary key, dirty boolean not null)',
  );
  await client.query('truncate schema_migrations');
  if (!isEmptyAndClean) {
    await client.query('insert into schema_migrations (version, dirty) values ($1, $2)', [recorded, dirty]);
  }
  await client.query('commit');
}

/**
 * Runs `fn` while no other process migrates. Polls instead of waiting inside the database: a waiting session holds a snapshot, and
 * `CREATE INDEX CONCURRENTLY` of the one who works would wait for that snapshot, for ever.
 */
async function locked<T>(url: Secret, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await open(url);
  try {
    const key = await lockKey(client);
    const giveUpAt = performance.now() + LOCK_TIMEOUT_MS;
    while (!(await tryLock(client, key))) {
      if (performance.now() > giveUpAt)
        throw new MigrationError('another process is migrating and does not end');
      await wait(LOCK_POLL_MS);
    }
    return await fn(client);
  } finally {
    // Ends the session and with it the lock, whatever state a failed file left behind.
    await client.end();
  }
}

async function tryLock(client: pg.Client, key: string): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [key]);
  return rows[0]?.held === true;
}

async function lockKey(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ database: string; schema: string }>(
    'select current_database() as database, current_schema() as schema',
  );
  const { database = '', schema = '' } = rows[0] ?? {};
  return String(Math.imul(crc32([schema, 'schema_migrations', database].join('\0')), LOCK_SALT) >>> 0);
}

async function open(url: Secret): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url.reveal(),
    application_name: 'migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
