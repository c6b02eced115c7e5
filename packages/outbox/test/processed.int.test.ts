import { randomUUID } from 'node:crypto';
import { ATTEMPTS_MAX } from '@whoosh/bus';
import { CONSUMERS, STREAMS } from '@whoosh/contracts';
import { transaction } from '@whoosh/db';
import { until } from '@whoosh/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attemptLedger, idempotent } from '../src/index.ts';
import { OutboxWorld } from './outbox-world.ts';

let world: OutboxWorld;
beforeAll(async () => {
  world = await OutboxWorld.start();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

describe('attemptLedger', () => {
  test('counts per consumer and message, also many at once, and forgets', async () => {
    const ledger = attemptLedger(world.db, 'monitor');
    const key = randomUUID();
    const counts = await Promise.all(Array.from({ length: 5 }, () => ledger.failed('a', key)));
    expect(counts.toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(await ledger.failed('b', key)).toBe(1);
    expect(await attemptLedger(world.db, 'monitor').failed('a', key)).toBe(6);
    await ledger.cleared('a', key);
    expect(await ledger.failed('a', key)).toBe(1);
  });

  test('a consumer that counts in the database buries a poisonous event after eight attempts', async () => {
    const consumer = CONSUMERS['composer-tasks'];
    const id = await world.change(randomUUID(), 1);
    await using _working = world.relay();
    let handled = 0;
    await using _consuming = await world.bus.consume(
      consumer,
      () => {
        handled += 1;
        return Promise.reject(new Error('poison'));
      },
      { ledger: attemptLedger(world.db, 'monitor'), retry: { baseMs: 1, maxMs: 2 } },
    );
    await until(
      async () => (await world.bus.jsm.streams.info(STREAMS.WHOOSH_DEAD.name)).state.messages === 1,
    );
    expect(handled).toBe(ATTEMPTS_MAX);
    await until(async () => {
      const rows = await world.db
        .selectFrom('monitor_processed')
        .select('key')
        .where('key', 'like', `%${id}`)
        .execute();
      return rows.length === 0;
    });
  });
});

describe('idempotent', () => {
  const asked = (
    key: string | undefined,
    effect: () => Promise<unknown>,
    more: Partial<{ bodyDigest: string; id: string }> = {},
  ) =>
    transaction(world.db, (trx) =>
      idempotent(
        trx,
        'monitor',
        {
          principal: { kind: 'user', id: more.id ?? 'u' },
          route: 'task.ingest',
          key,
          bodyDigest: more.bodyDigest ?? 'd',
        },
        effect,
      ),
    );

  test('the effect happens once, the repeat gets the first reply', async () => {
    const key = randomUUID();
    let effects = 0;
    const effect = () => Promise.resolve({ nth: (effects += 1), list: ['a'] });
    expect([await asked(key, effect), await asked(key, effect)]).toEqual([
      { nth: 1, list: ['a'] },
      { nth: 1, list: ['a'] },
    ]);
    expect(effects).toBe(1);
  });

  test('also when all ask at the same moment', async () => {
    const key = randomUUID();
    let effects = 0;
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => asked(key, () => Promise.resolve({ nth: (effects += 1) }))),
    );
    expect(effects).toBe(1);
    expect(replies).toEqual(Array.from({ length: 6 }, () => ({ nth: 1 })));
  });

  test('another body under the same key is refused', async () => {
    const key = randomUUID();
    await asked(key, () => Promise.resolve('first'));
    await expect(asked(key, () => Promise.resolve('second'), { bodyDigest: 'other' })).rejects.toMatchObject({
      code: 'failed_precondition',
      details: { code: 'idempotency_mismatch' },
    });
  });

  test('the key of somebody else, and no key at all, is another one', async () => {
    const key = randomUUID();
    expect(await asked(key, () => Promise.resolve(1))).toBe(1);
    expect(await asked(key, () => Promise.resolve(2), { id: 'v' })).toBe(2);
    expect(await asked(undefined, () => Promise.resolve(3))).toBe(3);
    expect(await asked(undefined, () => Promise.resolve(4))).toBe(4);
  });

  test('what failed may be tried again', async () => {
    const key = randomUUID();
    await expect(asked(key, () => Promise.reject(new Error('first time')))).rejects.toThrow('first time');
    expect(await asked(key, () => Promise.resolve('second time'))).toBe('second time');
  });

  test('after its time a key is free again', async () => {
    const key = randomUUID();
    await asked(key, () => Promise.resolve('old'));
    await sql`update monitor_processed set expires_at = now() - interval '1 second'`.execute(world.db);
    expect(await asked(key, () => Promise.resolve('new'), { bodyDigest: 'other' })).toBe('new');
  });
});
