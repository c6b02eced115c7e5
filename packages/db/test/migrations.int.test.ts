import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@whoosh/config';
import { cloneDatabase, quietLog, type TestDatabase } from '@whoosh/testkit';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  forceVersion,
  migrate,
  migrateIfWanted,
  MigrationError,
  migrationState,
  readMigrations,
} from '../src/index.ts';
import { describeSchema } from './describe-schema.ts';

let database: TestDatabase;
let url: Secret;
let directory: string;

beforeEach(async () => {
  database = await cloneDatabase({ empty: true });
  url = new Secret(database.url);
  directory = await mkdtemp(join(tmpdir(), 'migrations-'));
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function files(contents: Record<string, string>): Promise<void> {
  for (const [name, sql] of Object.entries(contents)) await writeFile(join(directory, name), sql);
}
async function query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
const tables = async () => {
  const rows = await query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
  );
  return rows.map(({ name }) => name).filter((name) => name !== 'schema_migrations');
};

const THREE = {
  '001_a.up.sql': 'create table a (id int); create table a2 (id int);',
  '001_a.down.sql': 'drop table a; drop table a2;',
  '002_b.up.sql': 'create table b (id int);',
  '002_b.down.sql': 'drop table b;',
  '003_c.up.sql': 'create table c (id int);',
  '003_c.down.sql': 'drop table c;',
};

describe('our own migrations', () => {
  test('eight processes at once apply each exactly once', async () => {
    const latest = (await readMigrations((await import('../src/index.ts')).MIGRATIONS_DIRECTORY)).at(
      -1,
    )?.version;
    const versions = await Promise.all(Array.from({ length: 8 }, () => migrate({ url, direction: 'up' })));
    expect(versions).toEqual(Array.from({ length: 8 }, () => latest));
    expect(await migrationState({ url })).toEqual({ version: latest, dirty: false, latest, pending: [] });
  });

  test('down to nothing and up again gives the same schema', async () => {
    await migrate({ url, direction: 'up' });
    const before = await describeSchema(database.url);
    expect(await migrate({ url, direction: 'down', target: 0 })).toBe(0);
    expect(await tables()).toEqual([]);
    await migrate({ url, direction: 'up' });
    expect(await describeSchema(database.url)).toEqual(before);
  });

  test('each step down is undone by its step up', async () => {
    const latest = await migrate({ url, direction: 'up' });
    for (let version = latest; version > 1; version -= 1) {
      const at = await describeSchema(database.url);
      await migrate({ url, direction: 'down' });
      await migrate({ url, direction: 'up', target: version });
      expect(await describeSchema(database.url), `version ${version}`).toEqual(at);
      await migrate({ url, direction: 'down' });
    }
  });
});

describe('migrate', () => {
  test('goes to a target and one step back, as golang-migrate writes it down', async () => {
    await files(THREE);
    expect(await migrate({ url, directory, direction: 'up', target: 2 })).toBe(2);
    expect(await tables()).toEqual(['a', 'a2', 'b']);
    expect(await query('select * from schema_migrations')).toEqual([{ version: '2', dirty: false }]);
    expect(await migrate({ url, directory, direction: 'down' })).toBe(1);
    expect(await tables()).toEqual(['a', 'a2']);
    expect(await migrationState({ url, directory })).toEqual({
      version: 1,
      dirty: false,
      latest: 3,
      pending: [2, 3],
    });
  });

  test('a failure leaves the schema dirty; nothing goes on before it is repaired', async () => {
    await files({ ...THREE, '002_b.up.sql': 'create table b (id int); select nonsense;' });
    await expect(migrate({ url, directory, direction: 'up' })).rejects.toThrow(
      /002_b\.up\.sql failed: .*nonsense/,
    );
    expect(await tables()).toEqual(['a', 'a2']);
    expect(await migrationState({ url, directory })).toMatchObject({ version: 2, dirty: true });
    for (const direction of ['up', 'down'] as const) {
      await expect(migrate({ url, directory, direction })).rejects.toThrow(MigrationError);
      await expect(migrate({ url, directory, direction })).rejects.toThrow(
        /make migrate-force V=1.*make migrate-force V=2/s,
      );
    }
    await files(THREE);
    await forceVersion({ url, version: 1 });
    expect(await migrate({ url, directory, direction: 'up' })).toBe(3);
  });

  test('many at once over an index that is built concurrently do not wait for each other', async () => {
    await files({
      '001_a.up.sql': 'create table a (id int); insert into a select generate_series(1, 1000);',
      '002_i.up.sql': 'create index concurrently i on a (id)',
    });
    const versions = await Promise.all(
      Array.from({ length: 5 }, () => migrate({ url, directory, direction: 'up' })),
    );
    expect(versions).toEqual([2, 2, 2, 2, 2]);
  });

  test('a step without a way back is refused before anything is undone', async () => {
    const { '002_b.down.sql': _missing, ...rest } = THREE;
    await files(rest);
    await migrate({ url, directory, direction: 'up' });
    await expect(migrate({ url, directory, direction: 'down', target: 0 })).rejects.toThrow(
      'migration 2 (b) has no way back',
    );
    expect(await tables()).toEqual(['a', 'a2', 'b', 'c']);
  });

  test.each([
    ['two of one version', { '001_a.up.sql': '', '001_b.up.sql': '' }, /1 is there twice/],
    ['one without a way up', { '001_a.down.sql': '' }, /has no \.up\.sql/],
  ])('refuses a folder with %s', async (_name, contents, problem) => {
    await files(contents);
    await expect(migrate({ url, directory, direction: 'up' })).rejects.toThrow(problem);
  });
});

describe('migrateIfWanted', () => {
  const config = { maxConns: 1, maxIdleConns: 1, lifetimeMs: 1, idleTimeMs: 1, logLevel: 'none' } as const;

  test('does nothing when it is not wanted', async () => {
    await files(THREE);
    await migrateIfWanted({ ...config, url, autoMigrate: false }, { log: quietLog(), directory });
    expect(await tables()).toEqual([]);
    await migrateIfWanted({ ...config, url, autoMigrate: true }, { log: quietLog(), directory });
    expect(await tables()).toEqual(['a', 'a2', 'b', 'c']);
  });

  test('waits for a database that is away until it is told to stop', async () => {
    const stop = new AbortController();
    const away = new Secret('postgres://nobody@127.0.0.1:1/none');
    const checks = new Map<string, () => true | string>();
    const missing = Promise.withResolvers<void>();
    const readiness = {
      check: (name: string, check: () => true | string) => {
        checks.set(name, check);
        missing.resolve();
      },
      forget: (name: string) => void checks.delete(name),
    };
    const waiting = migrateIfWanted(
      { ...config, url: away, autoMigrate: true },
      { log: quietLog(), directory, signal: stop.signal, readiness },
    );
    await missing.promise;
    expect(checks.get('database')?.()).toMatch(/^away, migrations wait: .*ECONNREFUSED/);
    stop.abort();
    await expect(waiting).rejects.toThrow(/ECONNREFUSED|aborted/);

    await migrateIfWanted({ ...config, url, autoMigrate: true }, { log: quietLog(), directory, readiness });
    expect([...checks]).toEqual([]);
  });
});
