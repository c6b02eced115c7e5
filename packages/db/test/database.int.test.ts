import { type DatabaseConfig, Secret } from '@whoosh/config';
import { Registry } from '@whoosh/telemetry';
import { cloneDatabase, quietLog, type TestDatabase, until } from '@whoosh/testkit';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type DB,
  Duty,
  isForeignKeyMissing,
  isUniqueViolation,
  openDatabase,
  transaction,
  TRANSACTION_ATTEMPTS_MAX,
} from '../src/index.ts';

let database: TestDatabase;
let registry: Registry;
let db: Kysely<DB>;

const configOf = (url: string): DatabaseConfig => ({
  url: new Secret(url),
  maxConns: 8,
  maxIdleConns: 2,
  lifetimeMs: 60_000,
  idleTimeMs: 60_000,
  autoMigrate: false,
  logLevel: 'none',
});

beforeEach(async () => {
  database = await cloneDatabase();
  registry = new Registry();
  db = openDatabase(configOf(database.url), { service: 'sample', log: quietLog(), registry });
  await sql`create table counters (id int primary key, n int not null, parent int references counters (id))`.execute(
    db,
  );
  await sql`insert into counters values (1, 0), (2, 0)`.execute(db);
});
afterEach(async () => {
  await db.destroy();
  await database[Symbol.asyncDispose]();
});

const readCount = async (executor: Kysely<DB>, id: number) => {
  const { rows } = await sql<{ n: number }>`select n from counters where id = ${id}`.execute(executor);
  return rows[0]?.n ?? Number.NaN;
};
const setCount = (executor: Kysely<DB>, id: number, n: number) =>
  sql`update counters set n = ${n} where id = ${id}`.execute(executor);
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (cause: unknown) => cause,
  );

describe('transaction', () => {
  test('commits all or nothing', async () => {
    await expect(
      transaction(db, async (trx) => {
        await setCount(trx, 1, 5);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await readCount(db, 1)).toBe(0);
    expect(await transaction(db, async (trx) => (await setCount(trx, 1, 5), 'done'))).toBe('done');
    expect(await readCount(db, 1)).toBe(5);
  });

  test('runs again when it lost against another one, so that no increment is lost', async () => {
    let runs = 0;
    const both = Promise.withResolvers<void>();
    const increment = () =>
      transaction(
        db,
        async (trx) => {
          const n = await readCount(trx, 1);
          // Both have read before either writes: one of the two must lose.
          if ((runs += 1) === 2) both.resolve();
          await both.promise;
          await setCount(trx, 1, n + 1);
        },
        { isolation: 'serializable' },
      );
    await Promise.all([increment(), increment()]);
    expect(await readCount(db, 1)).toBe(2);
    expect(runs).toBe(3);
  });

  test('runs again after a deadlock', async () => {
    let runs = 0;
    const both = Promise.withResolvers<void>();
    const lockBoth = (first: number, second: number) =>
      transaction(db, async (trx) => {
        await setCount(trx, first, 1);
        if ((runs += 1) === 2) both.resolve();
        await both.promise;
        await setCount(trx, second, 1);
      });
    await Promise.all([lockBoth(1, 2), lockBoth(2, 1)]);
    expect(runs).toBe(3);
  });

  test('gives a conflict without end back to the caller, anything else at once', async () => {
    let runs = 0;
    const conflict = transaction(db, (trx) => {
      runs += 1;
      return sql`do $$ begin raise exception 'again' using errcode = '40001'; end $$`.execute(trx);
    });
    expect(await failureOf(conflict)).toMatchObject({ code: '40001' });
    expect(runs).toBe(TRANSACTION_ATTEMPTS_MAX);
    expect(await failureOf(transaction(db, (trx) => (runs++, sql`select 1/0`.execute(trx))))).toMatchObject({
      code: '22012',
    });
    expect(runs).toBe(TRANSACTION_ATTEMPTS_MAX + 1);
  });
});

describe('what a failure says', () => {
  test('a row that is there already, by constraint', async () => {
    const cause = await failureOf(sql`insert into counters values (1, 0)`.execute(db));
    expect(isUniqueViolation(cause)).toBe(true);
    expect(isUniqueViolation(cause, 'counters_pkey')).toBe(true);
    expect(isUniqueViolation(cause, 'another')).toBe(false);
    expect(isForeignKeyMissing(cause)).toBe(false);
  });

  test('a row that refers to nothing', async () => {
    const cause = await failureOf(sql`insert into counters values (3, 0, 99)`.execute(db));
    expect(isForeignKeyMissing(cause)).toBe(true);
    expect(isUniqueViolation(cause)).toBe(false);
    expect(isUniqueViolation(new Error('23505'))).toBe(false);
  });
});

describe('the pool', () => {
  test('keeps no more idle connections than configured and says what it has', async () => {
    await Promise.all(Array.from({ length: 8 }, () => sql`select pg_sleep(0.01)`.execute(db)));
    const text = await registry.metrics();
    expect(text).toContain('db_pool_connections{state="idle"} 2');
    expect(text).toContain('db_pool_connections{state="busy"} 0');
    expect(text).toMatch(/db_query_seconds_count\{outcome="ok"\} \d+/);
  });

  test('works on after its sessions were ended', async () => {
    const other = openDatabase(configOf(database.url), { service: 'other', log: quietLog(), registry });
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sample'`.execute(
      other,
    );
    await other.destroy();
    expect(await until(() => readCount(db, 1).then((n) => n === 0))).toBe(true);
  });
});

test('a session that is ended in the middle of a transaction fails that transaction and nothing else', async () => {
  const lost = transaction(db, async (trx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
    const isGone = async () => {
      const { rows: left } = await sql`select from pg_stat_activity where pid = ${rows[0]?.pid}`.execute(db);
      return left.length === 0;
    };
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(db);
    await until(isGone);
    await setCount(trx, 1, 5);
  });
  await expect(lost).rejects.toThrow(/terminat|not queryable/);
  expect(await readCount(db, 1)).toBe(0);
});

describe('a duty', () => {
  const newDuty = () => new Duty({ url: new Secret(database.url), name: 'sample', log: quietLog() });

  test('is held by one at a time and goes on to the next when given up', async () => {
    const first = newDuty();
    await using second = newDuty();
    expect([await first.held(), await second.held(), await first.held()]).toEqual([true, false, true]);
    await first[Symbol.asyncDispose]();
    expect(await second.held()).toBe(true);
    expect(await first.held()).toBe(false);
  });

  test('is lost with its session, and noticed before the next act', async () => {
    await using first = newDuty();
    await using second = newDuty();
    expect(await first.held()).toBe(true);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'duty sample'`.execute(
      db,
    );
    expect(await until(() => second.held())).toBe(true);
    expect(await first.held()).toBe(false);
  });

  test('is not held while the database is away', async () => {
    await using duty = new Duty({ url: new Secret('postgres://x@127.0.0.1:1/x'), name: 'sample' });
    expect(await duty.held()).toBe(false);
  });

  test('many questions at once take one answer', async () => {
    await using duty = newDuty();
    expect(await Promise.all(Array.from({ length: 5 }, () => duty.held()))).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
  });
});
