import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CallError, INBOX_PREFIX, STREAMS, type StreamName } from '@whoosh/contracts';
import { startNats, type TestNats } from '@whoosh/testkit';
import { type Bus, StoreRefused } from '../src/index.ts';
import { openBus } from './open-bus.ts';

const NAMES = Object.keys(STREAMS) as StreamName[];

let nats: TestNats;
let bus: Bus;

beforeAll(async () => {
  nats = await startNats();
  bus = await openBus(nats.url);
});
afterAll(async () => {
  await bus[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

const refusal = (storing: Promise<unknown>) =>
  storing.then(
    () => 'stored',
    (cause: unknown) => (cause instanceof StoreRefused ? cause.reason : (cause as CallError).code),
  );

describe('ensureStreams', () => {
  test('several at once make each stream once, with its declared limits', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, () => openBus(nats.url)));
    await Promise.all([bus, ...others].map((each) => each.ensureStreams(NAMES)));
    await Promise.all(others.map((each) => each[Symbol.asyncDispose]()));
    const { config } = await bus.jsm.streams.info('WHOOSH_INBOX');
    expect(config).toMatchObject({
      retention: 'workqueue',
      discard: 'new',
      max_bytes: 2 ** 30,
      num_replicas: 1,
    });
    expect((await bus.jsm.streams.info('BACKBEAT_REPORTS')).config).toMatchObject({
      max_msgs_per_subject: 1,
      discard_new_per_subject: true,
      republish: { src: 'backbeat.*.report.store.*', dest: 'backbeat.{{wildcard(1)}}.report' },
    });
  });

  test('brings an older stream to what is declared and keeps what it holds', async () => {
    const { seq } = await bus.store('whoosh.v1.dead.sample', { kept: true });
    await bus.jsm.streams.update('WHOOSH_DEAD', {
      max_age: 60_000_000_000,
      duplicate_window: 10_000_000_000,
    });
    await bus.ensureStreams(['WHOOSH_DEAD']);
    const { config, state } = await bus.jsm.streams.info('WHOOSH_DEAD');
    expect(config.max_age).toBe(STREAMS.WHOOSH_DEAD.maxAgeMs * 1_000_000);
    expect(state.last_seq).toBe(seq);
  });
});

describe('store', () => {
  test('the same id is stored once, also by two at the same moment', async () => {
    const subject = `${INBOX_PREFIX}.twice`;
    const both = await Promise.all([1, 2].map(() => bus.store(subject, { a: 1 }, { id: 'delivery-1' })));
    expect(new Set(both.map(({ seq }) => seq)).size).toBe(1);
    expect(both.map(({ duplicate }) => duplicate).toSorted()).toEqual([false, true]);
  });

  test('of two who expect the same place one has lost', async () => {
    const subject = 'backbeat.c.close.w1';
    const storing = () => refusal(bus.store(subject, {}, { expectLastSubjectSequence: 0 }));
    expect((await Promise.all([storing(), storing(), storing()])).toSorted()).toEqual([
      'lost',
      'lost',
      'stored',
    ]);
  });

  test('a second one where one is kept exists', async () => {
    const storing = () => refusal(bus.store('backbeat.c.report.store.w1', {}));
    expect([await storing(), await storing()]).toEqual(['stored', 'exists']);
  });

  test('a stream that refuses new ones is full', async () => {
    await bus.jsm.streams.update('WHOOSH_INBOX', { max_bytes: 2_000 });
    const storing = (at: number) => refusal(bus.store(`${INBOX_PREFIX}.f${at}`, 'x'.repeat(900)));
    const outcomes = [await storing(1), await storing(2), await storing(3)];
    expect(outcomes.at(-1)).toBe('full');
    await bus.ensureStreams(['WHOOSH_INBOX']);
    expect(await storing(4)).toBe('stored');
  });

  test('more than the broker takes is too large', async () => {
    expect(await refusal(bus.store('whoosh.v1.dead.sample', 'x'.repeat(5_000_000)))).toBe('too_large');
  });

  test('a subject that no stream listens on is unavailable', async () => {
    expect(await refusal(bus.store('nobody.listens', {}))).toBe('unavailable');
  });

  test('bytes are stored as they are', async () => {
    const bytes = Uint8Array.of(0, 255, 10, 13);
    const { seq } = await bus.store('whoosh.v1.dead.sample', bytes, { headers: { 'X-A': 'line\r\nend' } });
    const stored = await bus.jsm.streams.getMessage('WHOOSH_DEAD', { seq });
    expect([...(stored?.data ?? [])]).toEqual([...bytes]);
    expect(stored?.header.get('X-A')).toBe('line end');
  });
});
