import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backbeat, call, CallError, ERROR_CODES, ERRORS } from '@whoosh/contracts';
import { startNats, type TestNats, until } from '@whoosh/testkit';
import { type Bus, type CallContext } from '../src/index.ts';
import { openBus } from './open-bus.ts';

const Code = z.enum(ERROR_CODES);
const echo = (name: string) =>
  call('council', `test.${name}`, {
    request: z.strictObject({ text: z.string() }),
    reply: z.object({ text: z.string() }),
    errors: [],
    description: 'For this test',
  });

const echoCall = echo('echo');
const failCall = call('council', 'test.fail', {
  request: z.strictObject({ code: Code }),
  reply: z.strictObject({}),
  errors: [],
  description: 'Fails as it is asked to',
});
const contextCall = call('council', 'test.context', {
  request: z.strictObject({}),
  reply: z.object({ context: z.unknown() }),
  errors: [],
  description: 'Tells what came beside the request',
});
const bugCall = echo('bug');
const liarCall = echo('liar');
const hugeCall = echo('huge');
const slowCall = echo('slow');

let nats: TestNats;
let server: Bus;
let client: Bus;
const slowSignals: AbortSignal[] = [];
let releaseSlow: (() => void) | undefined;

beforeAll(async () => {
  nats = await startNats();
  server = await openBus(nats.url);
  client = await openBus(nats.url, 'gateway');
  server.serve(echoCall, ({ text }) => Promise.resolve({ text }));
  server.serve(failCall, ({ code }) =>
    Promise.reject(new CallError(code, `asked for ${code}`, { details: { code } })),
  );
  server.serve(contextCall, (_request, { signal: _signal, ...context }: CallContext) =>
    Promise.resolve({ context }),
  );
  server.serve(bugCall, () => Promise.reject(new Error('password=hunter2')));
  server.serve(liarCall, () => Promise.resolve({ txet: 'wrong' } as never));
  server.serve(hugeCall, () => Promise.resolve({ text: 'x'.repeat(5_000_000) }));
  server.serve(slowCall, async ({ text }, { signal }) => {
    slowSignals.push(signal);
    await new Promise<void>((resolve) => (releaseSlow = resolve));
    return { text };
  });
  server.serveAt(backbeat.cancelRamp.subject.at({ cluster: 'a' }), backbeat.cancelRamp, () =>
    Promise.resolve({ cancelled: true }),
  );
  server.serveDiscovery({
    version: '1.2.3',
    description: 'a test',
    health: () =>
      Promise.resolve({ status: 'degraded', dependencies: { database: 'away' }, details: { lag: 3 } }),
  });
  await server.flush();
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

const failureOf = async (asked: Promise<unknown>) => {
  const cause = await asked.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(cause instanceof CallError)) throw new Error('not a CallError', { cause });
  return cause;
};

describe('call and serve', () => {
  test('answers', async () => {
    expect(await client.call(echoCall, { text: 'hi' })).toEqual({ text: 'hi' });
  });

  test.each(ERROR_CODES)('passes the code %s on, with its details', async (code) => {
    const { message, details, ...error } = await failureOf(client.call(failCall, { code }));
    expect({ code: error.code, message, details }).toEqual({
      code,
      message: `asked for ${code}`,
      details: { code },
    });
  });

  test('says an error again as headers with a number, for other tools', async () => {
    const answer = await client.connection.request(failCall.subject.pattern, '{"code":"taken"}');
    expect(answer.headers?.get('Nats-Service-Error-Code')).toBe(String(ERRORS.taken.nats));
    expect(answer.headers?.get('Nats-Service-Error')).toBe('asked for taken');
  });

  test('tells nothing of an unknown failure', async () => {
    const { code, message } = await failureOf(client.call(bugCall, { text: '' }));
    expect([code, message]).toEqual(['internal', 'the service failed to handle the request']);
  });

  test.each([
    ['a field that is none', { text: 'a', more: 1 }],
    ['a wrong type', { text: 1 }],
    ['no object', null],
  ])('refuses %s', async (_name, request) => {
    expect((await failureOf(client.call(echoCall, request as never))).code).toBe('invalid_argument');
  });

  test('refuses what is no JSON at all', async () => {
    const answer = await client.connection.request(echoCall.subject.pattern, Uint8Array.of(0xff, 0x00));
    expect(answer.json()).toMatchObject({ error: { code: 'invalid_argument' } });
  });

  test('a reply that breaks its contract is an internal error, not a wrong reply', async () => {
    expect((await failureOf(client.call(liarCall, { text: '' }))).code).toBe('internal');
  });

  test('a reply that the broker refuses is too_large', async () => {
    expect((await failureOf(client.call(hugeCall, { text: '' }))).code).toBe('too_large');
  });

  test('a request that the broker refuses is too_large', async () => {
    expect((await failureOf(client.call(echoCall, { text: 'x'.repeat(5_000_000) }))).code).toBe('too_large');
  });

  test('nobody there is unavailable', async () => {
    expect((await failureOf(client.call(echo('nobody'), { text: '' }))).code).toBe('unavailable');
  });

  test('a late answer is deadline_exceeded, and whoever answers is told to stop', async () => {
    const { code } = await failureOf(client.call(slowCall, { text: '' }, { timeoutMs: 50 }));
    expect(code).toBe('deadline_exceeded');
    await until(() => slowSignals.at(-1)?.aborted, { describe: 'the signal of the handler' });
    releaseSlow?.();
  });

  test('principal, keys and ids travel beside the request', async () => {
    const context = {
      principal: { kind: 'agent', id: 'agent:7 ü\n', role: 'agent' },
      idempotencyKey: 'k',
      requestId: 'r',
      causationId: 'c',
    } as const;
    expect(await client.call(contextCall, {}, context)).toEqual({ context });
    expect(await client.call(contextCall, {})).toEqual({ context: {} });
  });

  test('a principal that cannot be read is refused', async () => {
    const { headers } = await import('@nats-io/transport-node');
    const forged = headers();
    forged.set('Whoosh-Principal', '{"kind":"god"}');
    const answer = await client.connection.request(contextCall.subject.pattern, '{}', {
      headers: forged,
      timeout: 2_000,
    });
    expect(answer.json()).toMatchObject({ error: { code: 'invalid_argument' } });
  });

  test('a cluster call is answered for its cluster alone', async () => {
    const at = (cluster: string) => backbeat.cancelRamp.subject.at({ cluster });
    expect(await client.callAt(at('a'), backbeat.cancelRamp, {})).toEqual({ cancelled: true });
    expect((await failureOf(client.callAt(at('b'), backbeat.cancelRamp, {}))).code).toBe('unavailable');
    await expect(client.call(backbeat.cancelRamp, {})).rejects.toThrow('say where');
  });

  test('replicas share the calls: one answers each', async () => {
    const shared = echo('shared');
    await using one = await openBus(nats.url);
    await using two = await openBus(nats.url);
    const answered: string[] = [];
    one.serve(shared, ({ text }) => Promise.resolve((answered.push(text), { text })));
    two.serve(shared, ({ text }) => Promise.resolve((answered.push(text), { text })));
    await Promise.all([one.flush(), two.flush()]);
    const texts = Array.from({ length: 20 }, (_, at) => String(at));
    await Promise.all(texts.map((text) => client.call(shared, { text })));
    expect(answered.toSorted()).toEqual(texts.toSorted());
  });

  test('closing waits for the answers in flight', async () => {
    const closing = echo('closing');
    const replica = await openBus(nats.url);
    let isAsked = false;
    let release = (): void => undefined;
    replica.serve(closing, async ({ text }) => {
      isAsked = true;
      await new Promise<void>((resolve) => (release = resolve));
      return { text };
    });
    await replica.flush();
    const asked = client.call(closing, { text: 'last' });
    await until(() => isAsked);
    const closed = replica[Symbol.asyncDispose]();
    release();
    expect(await asked).toEqual({ text: 'last' });
    await closed;
    expect(replica.isConnected()).toBe(false);
  });

  test('counts what it did', async () => {
    const text = await (server as Awaited<ReturnType<typeof openBus>>).registry.metrics();
    expect(text).toContain('bus_call_duration_seconds_count{call="test.bug",outcome="internal"} 1');
  });
});

describe('discovery', () => {
  test('every process tells its counts and its health', async () => {
    const [found, ...others] = await client.discover(300);
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      name: 'council',
      version: '1.2.3',
      health: { status: 'degraded', dependencies: { database: 'away' }, details: { lag: 3 } },
    });
    const bug = found?.endpoints?.find(({ name }) => name === 'test-bug');
    expect(bug).toMatchObject({ num_requests: 1, num_errors: 1 });
  });

  test.each(['$SRV.PING', '$SRV.PING.council', '$SRV.INFO.council'])('answers %s', async (subject) => {
    const answer = await client.connection.request(subject, '', { timeout: 2_000 });
    expect(answer.json()).toMatchObject({ name: 'council', version: '1.2.3' });
  });

  test('a broken answer of somebody else is left out', async () => {
    await using stranger = await openBus(nats.url, 'stranger');
    stranger.connection.subscribe('$SRV.STATS', {
      callback: (_failure, message) => void message.respond('{]'),
    });
    await stranger.flush();
    expect((await client.discover(300)).map(({ name }) => name)).toEqual(['council']);
  });
});
