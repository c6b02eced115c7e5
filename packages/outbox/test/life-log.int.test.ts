import { randomUUID } from 'node:crypto';
import { decodeEvent } from '@whoosh/bus';
import { repositories } from '@whoosh/contracts';
import { transaction } from '@whoosh/db';
import { decodeFull } from 'hlc-ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '@whoosh/testkit';
import { startTracing, withRemoteTrace } from '@whoosh/telemetry';
import { OutboxWorld } from './outbox-world.ts';

let world: OutboxWorld;
beforeAll(async () => {
  world = await OutboxWorld.start();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const rowsOf = (lifeId: string) =>
  world.db.selectFrom('monitor_outbox').selectAll().where('life_id', '=', lifeId).orderBy('seq').execute();

describe('record', () => {
  test('change and event commit together, as a CloudEvent that its consumers accept', async () => {
    const id = randomUUID();
    const eventId = await world.change(id, 1);
    const [row, ...others] = await rowsOf(id);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      id: eventId,
      subject: `whoosh.v1.event.task.changed.${id}`,
      published_at: null,
    });
    const event = decodeEvent(new TextEncoder().encode(JSON.stringify(row?.body)));
    expect(event).toMatchObject({
      id: eventId,
      type: 'whoosh.task.changed.v1',
      source: '/whoosh/monitor',
      subject: id,
      revision: 1,
      dataschema: 'whoosh.task.changed.v1.schema.json',
      data: { id, change: { from: 'open', to: 'open', reason: 'changed', by: 'test' } },
    });
    const [history] = await world.lives.history(world.db, id);
    expect(history).toMatchObject({
      life: 'task',
      lifeId: id,
      revision: 1,
      from: 'open',
      to: 'open',
      by: 'test',
      input: { revision: 1 },
    });
    expect(decodeFull(history?.hlc ?? '')).toBeDefined();
  });

  test('neither is there when the transaction fails', async () => {
    const id = randomUUID();
    const failing = transaction(world.db, async (trx) => {
      await world.record(trx, id, 1);
      throw new Error('the change itself failed');
    });
    await expect(failing).rejects.toThrow('the change itself failed');
    expect(await rowsOf(id)).toEqual([]);
    expect(await world.lives.history(world.db, id)).toEqual([]);
  });

  test('two writers cannot both make the same revision', async () => {
    const id = randomUUID();
    const outcomes = await Promise.allSettled([
      world.change(id, 1),
      world.change(id, 1),
      world.change(id, 1),
    ]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await rowsOf(id)).toHaveLength(1);
  });

  test('a view that breaks its contract is refused before anything is stored', async () => {
    const id = randomUUID();
    await expect(world.change(id, -1)).rejects.toThrow('the data breaks whoosh.task.changed.v1');
    expect(await rowsOf(id)).toEqual([]);
  });

  test('text that jsonb cannot hold is stored with replacement characters', async () => {
    const id = randomUUID();
    await world.change(id, 1, { title: 'nul \0 half \ud800 end' });
    expect((await rowsOf(id))[0]?.body).toMatchObject({ data: { title: 'nul \ufffd half \ufffd end' } });
  });

  test('history comes oldest first and clocks rise', async () => {
    const id = randomUUID();
    for (let revision = 1; revision <= 12; revision += 1) await world.change(id, revision);
    const history = await world.lives.history(world.db, id);
    expect(history.map(({ revision }) => revision)).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
    expect(history.map(({ hlc }) => hlc)).toEqual(history.map(({ hlc }) => hlc).toSorted());
  });

  test('the trace of the change travels with the event', async () => {
    const tracing = startTracing({
      enabled: false,
      serviceName: '',
      version: '',
      environment: '',
      endpoint: '',
      sampleRate: 0,
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const id = randomUUID();
    await withRemoteTrace(traceparent, () => world.change(id, 1));
    expect((await rowsOf(id))[0]).toMatchObject({ headers: { traceparent }, body: { traceparent } });
    await tracing.shutdown();
  });
});

describe('announce', () => {
  const said = (id: string, dedupeKey?: string) =>
    transaction(world.db, (trx) =>
      world.lives.announce(trx, repositories.issueCommented, {
        id,
        dedupeKey,
        causationId: 'delivery-1',
        data: {
          delivery_id: id,
          full_name: 'acme/orders',
          repository_id: id,
          number: 1,
          action: 'created',
          comment_id: 5,
          author: 'dev',
          body_excerpt: 'hi',
        },
      }),
    );

  test('says the same thing once', async () => {
    const id = randomUUID();
    const ids = [await said(id, `delivery ${id}`), await said(id, `delivery ${id}`)];
    expect(ids[0]).toBe(ids[1]);
    const rows = await rowsOf(id);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.body).toMatchObject({ revision: 0, causationid: 'delivery-1' });
    expect(await world.lives.history(world.db, id)).toEqual([]);
  });

  test('without a key each is another one', async () => {
    const id = randomUUID();
    expect(await said(id)).not.toBe(await said(id));
    await until(async () => (await rowsOf(id)).length === 2);
  });
});
