import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  seedAccounts,
  seedSample,
  startGiteaStandin,
  type FaultSettings,
  type Standin,
} from '../src/index.ts';
import { clientOf, type Client } from './client.ts';
import { startReceiver, type Receiver } from './receiver.ts';

const ORDERS = 'acme/orders';
const ISSUES = '/api/v1/repos/acme/orders/issues';

let receiver: Receiver;
let standin: Standin;
let ask: Client;

beforeEach(async () => {
  receiver = await startReceiver();
  standin = await startGiteaStandin({
    deliveryDelayMs: 0,
    deliveryTimeoutMs: 500,
    seed: (started) => {
      seedAccounts(started);
      seedSample(started);
    },
  });
  ask = clientOf(standin, standin.admin.createToken('operator'));
});

afterEach(async () => {
  await standin[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const setFaults = (settings: FaultSettings) => ask('PUT', '/__standin/faults', settings);

function open(...titles: string[]): Promise<void> {
  for (const title of titles) standin.admin.createIssue(ORDERS, { title });
  return standin.deliveriesIdle();
}

function titles(path = '/ok'): string[] {
  const bodies = receiver.received.filter((one) => one.path === path).map((one) => one.body);
  return bodies.map((body) => (JSON.parse(body) as { issue: { title: string } }).issue.title);
}

describe('deliveries', () => {
  it('leave one after another: a silent receiver holds up the others, and nothing is retried', async () => {
    standin.admin.createHook(ORDERS, { url: `${receiver.url}/silent` });
    standin.admin.createHook(ORDERS, { url: `${receiver.url}/fail` });
    standin.admin.createHook(ORDERS, { url: `${receiver.url}/redirect` });
    standin.admin.createHook(ORDERS, { url: `${receiver.url}/ok` });
    await open('one', 'two');
    const paths = ['/silent', '/fail', '/redirect', '/ok'];
    expect(receiver.received.map((one) => one.path)).toEqual([...paths, ...paths]);
    const outcomes = standin.deliveries().map((record) => [record.outcome, record.status]);
    const once = [
      ['failed', null],
      ['failed', 500],
      ['failed', 302],
      ['delivered', 200],
    ];
    expect(outcomes).toEqual([...once, ...once]);
  });

  it('survive a hook whose authorization cannot be sent', async () => {
    standin.admin.createHook(ORDERS, { url: `${receiver.url}/bad`, authorization_header: 'Bearer a\r\nb' });
    standin.admin.createHook(ORDERS, { url: `${receiver.url}/ok` });
    await open('one');
    expect(titles()).toEqual(['one']);
    expect(standin.deliveries().map((record) => record.outcome)).toEqual(['failed', 'delivered']);
  });

  it.each([
    ['drop', { drop: { next: 1 } }, ['two', 'three']],
    ['double', { double: { next: 1 } }, ['one', 'one', 'two', 'three']],
    ['reorder', { reorder: { next: 1 } }, ['two', 'one', 'three']],
    ['delay', { delay: { next: 1, ms: 50 } }, ['two', 'three', 'one']],
    ['a certain drop', { drop: { probability: 1 } }, []],
  ] satisfies [string, FaultSettings, string[]][])('with the fault %s', async (_, settings, expected) => {
    standin.admin.createHook(ORDERS, { url: `${receiver.url}/ok` });
    await setFaults(settings);
    await open('one', 'two', 'three');
    expect(titles()).toEqual(expected);
  });

  it('are sent before a reordered one that found no follower in time', async () => {
    standin.admin.createHook(ORDERS, { url: `${receiver.url}/ok` });
    await setFaults({ reorder: { next: 1, ms: 20 } });
    await open('alone');
    expect(titles()).toEqual(['alone']);
  });

  it('lose the same ones for the same seed', async () => {
    standin.admin.createHook(ORDERS, { url: `${receiver.url}/ok` });
    const run = async (): Promise<string[]> => {
      const before = titles().length;
      await setFaults({ seed: 7, drop: { probability: 0.5 } });
      await open('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
      return titles().slice(before);
    };
    const first = await run();
    expect(await run()).toEqual(first);
    expect(first.length).toBeGreaterThan(0);
    expect(first.length).toBeLessThan(8);
  });

  it('go to an organization hook as such', async () => {
    standin.admin.createHook('acme', { url: `${receiver.url}/ok` });
    await open('one');
    expect(receiver.received[0]?.headers['X-Gitea-Hook-Installation-Target-Type']).toBe('organization');
  });
});

describe('the API', () => {
  it('answers 429 with Retry-After for the next calls, then as ever', async () => {
    await setFaults({ tooManyRequests: { next: 2, retryAfterS: 7 } });
    const answers = [await ask('GET', ISSUES), await ask('GET', ISSUES), await ask('GET', ISSUES)];
    expect(answers.map((answer) => answer.status)).toEqual([429, 429, 200]);
    expect(answers[0]?.headers.get('retry-after')).toBe('7');
  });

  it('answers 500, and does nothing', async () => {
    await setFaults({ serverError: { probability: 1 }, slow: { next: 1, ms: 5 } });
    const { status } = await ask('POST', ISSUES, { title: 'lost' });
    await ask('DELETE', '/__standin/faults');
    const list = await ask('GET', `${ISSUES}?q=lost`);
    expect([status, list.headers.get('x-total-count')]).toEqual([500, '0']);
  });

  it('refuses faults that it does not know', async () => {
    const refused = await ask('PUT', '/__standin/faults', { explode: { next: 1 } });
    expect(refused.status).toBe(400);
    expect((await ask('PUT', '/__standin/faults', { drop: { probability: 2 } })).status).toBe(400);
  });

  it('counts requests by route and deliveries by outcome', async () => {
    standin.admin.createHook(ORDERS, { url: `${receiver.url}/ok` });
    await ask('GET', ISSUES);
    await open('one');
    const { body } = await ask('GET', '/__standin/state');
    expect(body['requests']).toEqual({ 'GET /repos/:owner/:repo/issues': 1 });
    expect(body['deliveries']).toMatchObject({ delivered: 1, failed: 0, dropped: 0, queued: 0 });
  });
});
