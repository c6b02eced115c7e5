import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CallError, CONSUMERS, INBOX_PREFIX } from '@whoosh/contracts';
import { startTracing, traceHeaders } from '@whoosh/telemetry';
import { startNats, type TestNats, until } from '@whoosh/testkit';
import {
  ATTEMPTS_MAX,
  type Bus,
  type Delivered,
  dropDeadLetter,
  eventOf,
  getDeadLetter,
  listDeadLetters,
  replayDeadLetter,
} from '../src/index.ts';
import { CountingLedger } from './counting-ledger.ts';
import { openBus } from './open-bus.ts';
import { taskOpened } from './sample-events.ts';

const TASKS = CONSUMERS['council-tasks'];
const QUICK = { retry: { baseMs: 1, maxMs: 5 }, probe: { baseMs: 1, maxMs: 5 } };

let nats: TestNats;
let bus: Bus;
let ledger: CountingLedger;

beforeEach(async () => {
  nats = await startNats();
  bus = await openBus(nats.url);
  ledger = new CountingLedger();
  await bus.ensureStreams(['WHOOSH_EVENTS', 'WHOOSH_INBOX', 'WHOOSH_DEAD']);
});
afterEach(async () => {
  await bus[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

const say = async (title: string, on: Bus = bus) => {
  const { subject, event } = taskOpened(title);
  await on.store(subject, event, { id: event.id });
  return { subject, event };
};
const titleOf = (message: Delivered) => (eventOf(message).data as { title: string }).title;
const deadLetters = () => listDeadLetters(bus.jsm, { limit: 50 });
/** Everything that was said is acknowledged. */
const settled = (consumer: string = TASKS.name, stream: string = TASKS.stream) =>
  until(async () => {
    const { num_pending, num_ack_pending } = await bus.jsm.consumers.info(stream, consumer);
    return num_pending === 0 && num_ack_pending === 0;
  });

describe('a durable consumer', () => {
  test('hands events over checked, in order, once each', async () => {
    const titles: string[] = [];
    for (let at = 0; at < 20; at += 1) await say(String(at));
    await bus.consume(TASKS, (message) => Promise.resolve(void titles.push(titleOf(message))), { ledger });
    await settled();
    expect(titles).toEqual(Array.from({ length: 20 }, (_, at) => String(at)));
  });

  test('tries a failing message again, before any later one, and forgets its attempts when it succeeds', async () => {
    const seen: string[] = [];
    const handler = (message: Delivered) => {
      seen.push(titleOf(message));
      return seen.length < 4 ? Promise.reject(new Error('not yet')) : Promise.resolve();
    };
    await say('first');
    await say('second');
    await bus.consume(TASKS, handler, { ledger, ...QUICK });
    await settled();
    expect(seen).toEqual(['first', 'first', 'first', 'first', 'second']);
    expect(ledger.counts.size).toBe(0);
  });

  test('counts attempts over restarts and gives up after the eighth', async () => {
    const { subject, event } = await say('poison');
    let handled = 0;
    const handler = () => {
      handled += 1;
      return Promise.reject(new Error(`boom ${handled}`));
    };
    for (let life = 1; life <= 2; life += 1) {
      await using replica = await openBus(nats.url);
      await replica.consume(TASKS, handler, { ledger, ...QUICK });
      await until(() => handled >= life * 3);
    }
    await bus.consume(TASKS, handler, { ledger, ...QUICK });
    await settled();
    expect(handled).toBe(ATTEMPTS_MAX);
    const { letters } = await deadLetters();
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({
      consumer: TASKS.name,
      subject,
      attempts: ATTEMPTS_MAX,
      reason: `Error: boom ${ATTEMPTS_MAX}`,
    });
    expect(JSON.parse(new TextDecoder().decode(letters[0]?.body))).toEqual(event);
    expect(ledger.counts.size).toBe(0);
  });

  test.each<[string, (valid: string) => string, RegExp]>([
    ['is no JSON', () => '{]', /not JSON/],
    ['has no type', () => '{}', /no type/],
    ['has an unknown type', (valid) => valid.replace('task.opened.v1', 'task.melted.v1'), /unknown/],
    [
      'breaks its schema',
      (valid) => valid.replace('"kind":"brief"', '"kind":"beer"'),
      /breaks whoosh\.task\.opened\.v1/,
    ],
  ])('what %s is a dead letter at once and blocks nothing', async (_name, spoil, reason) => {
    const { subject, event } = taskOpened('broken');
    const body = new TextEncoder().encode(spoil(JSON.stringify(event)));
    const titles: string[] = [];
    await bus.store(subject, body, { id: event.id, headers: { 'X-Kept': 'yes' } });
    await say('fine');
    await bus.consume(TASKS, (message) => Promise.resolve(void titles.push(titleOf(message))), { ledger });
    await settled();
    expect(titles).toEqual(['fine']);
    const { letters } = await deadLetters();
    expect(letters).toMatchObject([{ subject, attempts: 0, headers: { 'X-Kept': 'yes' } }]);
    expect(letters[0]?.reason).toMatch(reason);
    expect(letters[0]?.body).toEqual(body);
    expect(ledger.counts.size).toBe(0);
  });

  test('a dependency that is away counts nothing, however often', async () => {
    let handled = 0;
    const handler = () => {
      handled += 1;
      if (handled > 3 * ATTEMPTS_MAX) return Promise.resolve();
      const cause =
        handled % 2 ? new CallError('unavailable', 'away') : Object.assign(new Error(), { code: '57P03' });
      return Promise.reject(new Error('wrapped', { cause }));
    };
    await say('patient');
    await bus.consume(TASKS, handler, { ledger, ...QUICK });
    await settled();
    expect(handled).toBe(3 * ATTEMPTS_MAX + 1);
    expect(ledger.counts.size).toBe(0);
    expect((await deadLetters()).letters).toEqual([]);
  });

  test('a ledger that is away counts nothing either and loses nothing', async () => {
    let isAway = true;
    let handled = 0;
    const flaky = {
      failed: (consumer: string, key: string) => {
        if (!isAway) return ledger.failed(consumer, key);
        return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      },
      cleared: (consumer: string, key: string) => ledger.cleared(consumer, key),
    };
    const handler = () => {
      handled += 1;
      isAway = handled < 20;
      return Promise.reject(new Error('at fault'));
    };
    await say('poison');
    await bus.consume(TASKS, handler, { ledger: flaky, ...QUICK });
    await settled();
    expect(handled).toBe(19 + ATTEMPTS_MAX);
    expect((await deadLetters()).letters).toMatchObject([{ attempts: ATTEMPTS_MAX }]);
  });

  test('a dead letter that is replayed reaches its consumer alone, afresh', async () => {
    const other = CONSUMERS['composer-tasks'];
    const heard = { mine: [] as Delivered[], other: 0 };
    let isBroken = true;
    await bus.consume(
      TASKS,
      (message) => {
        heard.mine.push(message);
        return isBroken ? Promise.reject(new Error('bug')) : Promise.resolve();
      },
      { ledger, ...QUICK },
    );
    await bus.consume(other, () => Promise.resolve(void (heard.other += 1)), { ledger });
    const { subject } = await say('again');
    const letter = await until(async () => (await deadLetters()).letters[0]);
    isBroken = false;
    await replayDeadLetter(bus.jsm, (to, body, options) => bus.store(to, body, options), letter.id);
    await until(() => heard.mine.length === ATTEMPTS_MAX + 1);
    await settled();
    await settled(other.name);
    expect(heard.mine.at(-1)).toMatchObject({ subject, attempts: 1 });
    expect(titleOf(heard.mine.at(-1) as Delivered)).toBe('again');
    expect(heard.mine.at(-1)?.headers['Nats-Msg-Id']).not.toBe(heard.mine[0]?.headers['Nats-Msg-Id']);
    expect(heard.other).toBe(1);
    expect((await deadLetters()).letters).toEqual([]);
  });

  test('dead letters are listed newest first, page by page, by consumer, and dropped', async () => {
    for (let at = 1; at <= 5; at += 1) await bus.store(`whoosh.v1.dead.${at % 2 ? 'odd' : 'even'}`, `${at}`);
    const first = await listDeadLetters(bus.jsm, { limit: 2 });
    const second = await listDeadLetters(bus.jsm, { limit: 10, ...(first.next && { before: first.next }) });
    expect([first, second].map(({ letters }) => letters.map(({ id }) => id))).toEqual([
      [5, 4],
      [3, 2, 1],
    ]);
    expect(second.next).toBeUndefined();
    expect(
      (await listDeadLetters(bus.jsm, { limit: 10, consumer: 'even' })).letters.map(({ id }) => id),
    ).toEqual([4, 2]);
    expect(await dropDeadLetter(bus.jsm, 4)).toBe(true);
    expect(await dropDeadLetter(bus.jsm, 4)).toBe(false);
    expect(await getDeadLetter(bus.jsm, 4)).toBeUndefined();
  });

  test('deliveries of the inbox come as bytes with their headers and leave the stream when handled', async () => {
    const inbox = CONSUMERS['monitor-inbox'];
    const id = randomUUID();
    const heard: Delivered[] = [];
    await bus.store(`${INBOX_PREFIX}.${id}`, Uint8Array.of(1, 2, 255), {
      id,
      headers: { 'X-Gitea-Event': 'issues' },
    });
    await bus.consume(inbox, (message) => Promise.resolve(void heard.push(message)), { ledger });
    await settled(inbox.name, inbox.stream);
    expect(new Uint8Array((heard[0] as Delivered).body as Uint8Array)).toEqual(Uint8Array.of(1, 2, 255));
    expect(heard[0]?.headers).toMatchObject({ 'X-Gitea-Event': 'issues', 'Nats-Msg-Id': id });
    await until(async () => (await bus.jsm.streams.info('WHOOSH_INBOX')).state.messages === 0);
  });

  test('two replicas share the work and keep the order', async () => {
    await using replica = await openBus(nats.url);
    const titles: string[] = [];
    const handler = (message: Delivered) => Promise.resolve(void titles.push(titleOf(message)));
    await Promise.all([bus.consume(TASKS, handler, { ledger }), replica.consume(TASKS, handler, { ledger })]);
    for (let at = 0; at < 30; at += 1) await say(String(at));
    await settled();
    expect(titles).toEqual(Array.from({ length: 30 }, (_, at) => String(at)));
  });

  test('several at once where order does not matter, never more than allowed', async () => {
    let running = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const handler = async () => {
      most = Math.max(most, (running += 1));
      await new Promise<void>((resolve) => waiting.push(resolve));
      running -= 1;
    };
    for (let at = 0; at < 10; at += 1) await say(String(at));
    await bus.consume(TASKS, handler, { ledger, concurrency: 4 });
    for (let at = 0; at < 10; at += 1) (await until(() => waiting.shift()))();
    await settled();
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });

  test('stopping waits for the message in hand and leaves the rest to others', async () => {
    const replica = await openBus(nats.url);
    const inHand = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const handled: string[] = [];
    await say('in hand');
    await say('left');
    await replica.consume(
      TASKS,
      async (message) => {
        inHand.resolve();
        await mayEnd.promise;
        handled.push(`replica ${titleOf(message)}`);
      },
      { ledger },
    );
    await inHand.promise;
    const closed = replica[Symbol.asyncDispose]();
    mayEnd.resolve();
    await closed;
    await bus.consume(TASKS, (message) => Promise.resolve(void handled.push(titleOf(message))), { ledger });
    await settled();
    expect(handled).toEqual(['replica in hand', 'left']);
  });

  test('a consumer that somebody deletes is made anew', async () => {
    const titles: string[] = [];
    await bus.consume(TASKS, (message) => Promise.resolve(void titles.push(titleOf(message))), { ledger });
    await say('before');
    await settled();
    await bus.jsm.consumers.delete(TASKS.stream, TASKS.name);
    await say('after');
    await until(() => titles.includes('after'), { timeoutMs: 30_000 });
  });

  test('the handler goes on in the trace of the message', async () => {
    const tracing = startTracing({
      enabled: false,
      serviceName: '',
      version: '',
      environment: '',
      endpoint: '',
      sampleRate: 0,
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { subject, event } = taskOpened('traced');
    const seen: unknown[] = [];
    await bus.store(subject, event, { headers: { traceparent } });
    await bus.consume(TASKS, () => Promise.resolve(void seen.push(traceHeaders())), { ledger });
    await settled();
    expect(seen).toMatchObject([
      { traceparent: expect.stringContaining('0af7651916cd43dd8448eb211c80319c') },
    ]);
    await tracing.shutdown();
  });
});

describe('when the broker is killed and comes back', () => {
  test('nothing is lost, nothing is doubled in effect, the order holds', async () => {
    const total = 120;
    const killAt = 40;
    const effects = new Map<string, string>();
    await bus.consume(
      TASKS,
      (message) => Promise.resolve(void effects.set(eventOf(message).id, titleOf(message))),
      { ledger, ...QUICK },
    );
    await using speaker = await openBus(nats.url, 'monitor');
    for (let at = 0; at < total; at += 1) {
      const { subject, event } = taskOpened(String(at));
      if (at === killAt) {
        await until(() => effects.size > 0);
        await nats.kill('SIGKILL');
        await until(() => !bus.isConnected());
        await nats.restart();
      }
      // As the relay does it: the same id until the stream says yes.
      await until(() => speaker.store(subject, event, { id: event.id, timeoutMs: 1_000 }), {
        timeoutMs: 30_000,
      });
    }
    await until(() => effects.size === total, {
      timeoutMs: 30_000,
      describe: () => `all, have ${effects.size}`,
    });
    expect([...effects.values()]).toEqual(Array.from({ length: total }, (_, at) => String(at)));
    expect((await bus.jsm.streams.info('WHOOSH_EVENTS')).state.messages).toBe(total);
    expect((await deadLetters()).letters).toEqual([]);
  });
});
