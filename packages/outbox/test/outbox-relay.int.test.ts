import { randomUUID } from 'node:crypto';
import { getDeadLetter } from '@whoosh/bus';
import { transaction } from '@whoosh/db';
import { Registry } from '@whoosh/telemetry';
import { until } from '@whoosh/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OutboxWorld } from './outbox-world.ts';

let world: OutboxWorld;
beforeEach(async () => {
  world = await OutboxWorld.start();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const allPublished = () => until(async () => (await world.unpublished()) === 0, { timeoutMs: 30_000 });
const range = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

test('publishes in the order of each life, more than a batch, and says so', async () => {
  const lives = [randomUUID(), randomUUID(), randomUUID()];
  for (const revision of range(12)) for (const id of lives) await world.change(id, revision);
  const registry = new Registry();
  await using working = world.relay(registry);
  await allPublished();
  const events = await world.published();
  for (const id of lives) {
    expect(events.filter(({ subject }) => subject === id).map(({ revision }) => revision)).toEqual(range(12));
  }
  expect(await registry.metrics()).toContain('outbox_published_total{outcome="stored"} 36');
  await until(() => working.relay.lagSeconds() === 0);
});

test('is told of new rows by their commit', async () => {
  await using _working = world.relay();
  for (const revision of range(5)) {
    await world.change(randomUUID(), revision);
    await allPublished();
  }
  expect(await world.published()).toHaveLength(5);
});

test('what a rolled back transaction wrote is never said', async () => {
  await using _working = world.relay();
  const failing = transaction(world.db, async (trx) => {
    await world.record(trx, randomUUID(), 1);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  const id = await world.change(randomUUID(), 1);
  await allPublished();
  expect((await world.published()).map((event) => event.id)).toEqual([id]);
});

/** Rows can be read and published, but not marked, as when the database goes away in between. */
async function refuseMarks(): Promise<() => Promise<void>> {
  await sql`create function refuse() returns trigger language plpgsql as $$ begin raise 'away'; end $$`.execute(
    world.db,
  );
  await sql`create trigger refuse before update on monitor_outbox execute function refuse()`.execute(
    world.db,
  );
  return async () => {
    await sql`drop trigger refuse on monitor_outbox`.execute(world.db);
  };
}

test('a relay that dies between publishing and marking: the stream holds each once', async () => {
  const ids = [await world.change(randomUUID(), 1), await world.change(randomUUID(), 1)];
  const allow = await refuseMarks();
  const first = world.relay();
  await until(async () => (await world.published()).length === 2);
  await first[Symbol.asyncDispose]();
  await allow();
  const registry = new Registry();
  await using _working = world.relay(registry);
  await allPublished();
  expect((await world.published()).map(({ id }) => id)).toEqual(ids);
  expect(await registry.metrics()).toContain('outbox_published_total{outcome="duplicate"} 2');
});

test('a relay that lives on says nothing twice, however long the rows cannot be marked', async () => {
  const ids = [await world.change(randomUUID(), 1), await world.change(randomUUID(), 1)];
  const allow = await refuseMarks();
  const registry = new Registry();
  await using _working = world.relay(registry);
  await until(async () => (await world.published()).length === 2);
  await allow();
  ids.push(await world.change(randomUUID(), 1));
  await allPublished();
  expect((await world.published()).map(({ id }) => id)).toEqual(ids);
  expect(await registry.metrics()).toContain('outbox_published_total{outcome="stored"} 3');
  expect(await registry.metrics()).not.toContain('outcome="duplicate"');
});

test('forgets what was published long ago, all of it at once', async () => {
  await sql`
    insert into monitor_outbox (id, subject, body, life_id, published_at)
    select gen_random_uuid(), 'x', '{}', 'x', now() - interval '8 days' from generate_series(1, 12000)`.execute(
    world.db,
  );
  await using _working = world.relay();
  await until(async () => {
    const left = await world.db.selectFrom('monitor_outbox').select('id').limit(1).execute();
    return left.length === 0;
  });
});

test('of two relays one works, the other takes over', async () => {
  const registries = [new Registry(), new Registry()];
  const relays = registries.map((registry) => world.relay(registry));
  const stored = async (registry: Registry) =>
    Number(/outbox_published_total\{outcome="stored"\} (\d+)/.exec(await registry.metrics())?.[1] ?? 0);
  for (const revision of range(10)) await world.change(randomUUID(), revision);
  await allPublished();
  const counts = await Promise.all(registries.map(stored));
  expect(counts.toSorted((a, b) => a - b)).toEqual([0, 10]);
  const worker = counts.indexOf(10);
  await relays[worker]?.[Symbol.asyncDispose]();
  for (const revision of range(5)) await world.change(randomUUID(), revision);
  await allPublished();
  await relays[1 - worker]?.[Symbol.asyncDispose]();
  expect(await stored(registries[1 - worker] as Registry)).toBe(5);
  expect(await world.published()).toHaveLength(15);
});

test('a row that is too large becomes a dead letter and the rest goes on', async () => {
  const before = await world.change(randomUUID(), 1);
  const huge = await world.change(randomUUID(), 1, { body_excerpt: 'x'.repeat(4_500_000) });
  const after = await world.change(randomUUID(), 1);
  await using _working = world.relay();
  await allPublished();
  expect((await world.published()).map(({ id }) => id)).toEqual([before, after]);
  const letter = await getDeadLetter(world.bus.jsm, 1);
  expect(letter).toMatchObject({
    consumer: 'monitor-outbox',
    subject: expect.stringContaining('whoosh.v1.event.task.changed.'),
  });
  expect(JSON.parse(new TextDecoder().decode(letter?.body))).toMatchObject({
    id: huge,
    table: 'monitor_outbox',
  });
});

test('outlives a broker that is killed and a database that drops its sessions', async () => {
  await using _working = world.relay();
  const life = randomUUID();
  for (const revision of range(40)) {
    await world.change(life, revision);
    if (revision === 10) await world.nats.kill('SIGKILL');
    if (revision === 20) {
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name in ('duty monitor outbox', 'listen monitor_outbox')`.execute(world.db);
    }
    if (revision === 30) await world.nats.restart();
  }
  await allPublished();
  expect((await world.published()).map(({ revision }) => revision)).toEqual(range(40));
});
