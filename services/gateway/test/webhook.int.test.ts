import { readdirSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signatureOf } from '../src/domain/delivery.ts';
import { runGateway, WEBHOOK_SECRET, type RunningGateway } from './running-gateway.ts';

interface Capture {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw_body: string;
}

const FIXTURES = new URL('../../../packages/gitea-standin/fixtures/webhooks/', import.meta.url);
const captures = readdirSync(FIXTURES)
  .filter((file) => file.endsWith('.json'))
  .toSorted()
  .map((file): [string, Capture] => [
    file,
    JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8')) as Capture,
  ]);

const isSigned = ([, { headers }]: [string, Capture]) => headers['X-Gitea-Signature'] !== '';

let run: RunningGateway;
beforeAll(async () => {
  run = await runGateway();
});
afterAll(() => run[Symbol.asyncDispose]());

/** As Gitea sent it: the same headers, the same bytes. */
async function deliver(capture: Capture, on = run) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(capture.headers)) {
    if (!['Host', 'Content-Length', 'Accept-Encoding', 'Connection'].includes(name)) headers.set(name, value);
  }
  return on.fetch('/webhooks/gitea', { method: 'POST', headers, body: capture.raw_body });
}

const inboxCount = async (on = run) => (await on.other.jsm.streams.info('WHOOSH_INBOX')).state.messages;

async function inboxMessage(id: string) {
  return run.other.jsm.streams.getMessage('WHOOSH_INBOX', { last_by_subj: `whoosh.v1.inbox.gitea.${id}` });
}

test('there are captured deliveries, signed and unsigned', () => {
  expect(captures.length).toBeGreaterThan(40);
  expect(captures.filter((one) => !isSigned(one)).length).toBeGreaterThan(1);
});

test.each(captures.filter(isSigned))(
  '%s is stored once, although it comes three times',
  async (_file, capture) => {
    const id = capture.headers['X-Gitea-Delivery'] ?? '';
    const before = await inboxCount();
    const answers = [await deliver(capture), ...(await Promise.all([deliver(capture), deliver(capture)]))];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(answers.map(({ body }) => body.data)).toEqual([
      { delivery: id, duplicate: false },
      { delivery: id, duplicate: true },
      { delivery: id, duplicate: true },
    ]);
    expect(await inboxCount()).toBe(before + 1);

    const stored = await inboxMessage(id);
    const isForm = capture.headers['Content-Type']?.startsWith('application/x-www-form-urlencoded');
    const signed = isForm ? new URLSearchParams(capture.raw_body).get('payload') : capture.raw_body;
    expect(stored?.string()).toBe(signed);
    expect(stored?.header.get('X-Gitea-Event')).toBe(capture.headers['X-Gitea-Event']);
    expect(stored?.header.get('X-Gitea-Event-Type')).toBe(capture.headers['X-Gitea-Event-Type']);
    expect(stored?.header.get('X-Gitea-Delivery')).toBe(id);
    expect(stored?.header.get('Content-Type')).toBe('application/json');
  },
);

test.each(captures.filter((one) => !isSigned(one)))(
  '%s is refused, for nobody signed it',
  async (_file, capture) => {
    const before = await inboxCount();
    const answer = await deliver(capture);
    expect([answer.status, answer.body.details.code]).toEqual([401, 'unauthenticated']);
    expect(await inboxCount()).toBe(before);
  },
);

test('more than the limit of a second are told to come back', async () => {
  await using strict = await runGateway({ webhooksPerSecond: 2 });
  const [first] = captures.filter(isSigned);
  if (!first) throw new Error('no signed capture');
  const answers = await Promise.all(Array.from({ length: 5 }, () => deliver(first[1], strict)));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.headers.get('retry-after')).toBe('1');
});

describe('the door', () => {
  const body = '{"action":"opened"}';
  const delivery = (change: Record<string, string> = {}, sent: string | Uint8Array<ArrayBuffer> = body) => ({
    method: 'POST',
    body: sent,
    headers: {
      'Content-Type': 'application/json',
      'X-Gitea-Delivery': randomUUID(),
      'X-Gitea-Event': 'issues',
      'X-Gitea-Signature': signatureOf(WEBHOOK_SECRET, Buffer.from(sent)),
      ...change,
    },
  });

  test.each<[string, Record<string, string>, number, string]>([
    ['a wrong signature', { 'X-Gitea-Signature': 'a'.repeat(64) }, 401, 'unauthenticated'],
    ['a wrong content type', { 'Content-Type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['an id that is no UUID', { 'X-Gitea-Delivery': '>' }, 400, 'invalid_argument'],
  ])('refuses %s, and stores nothing', async (_name, change, status, code) => {
    const before = await inboxCount();
    const answer = await run.fetch('/webhooks/gitea', delivery(change));
    expect([answer.status, answer.body.details.code]).toEqual([status, code]);
    expect(await inboxCount()).toBe(before);
  });

  test('refuses more than 1 MiB', async () => {
    const answer = await run.fetch('/webhooks/gitea', delivery({}, `{"a":"${'x'.repeat(1024 * 1024)}"}`));
    expect([answer.status, answer.body.details.code]).toEqual([413, 'too_large']);
  });

  test('takes 1 MiB', async () => {
    const frame = '{"a":""}';
    const answer = await run.fetch(
      '/webhooks/gitea',
      delivery({}, `{"a":"${'x'.repeat(1024 * 1024 - frame.length)}"}`),
    );
    expect(answer.status).toBe(202);
  });

  test('takes POST only', async () => {
    const answer = await run.fetch('/webhooks/gitea');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });

  test('is shut when no token is configured', async () => {
    await using shut = await runGateway({ webhookSecrets: [] });
    const answer = await shut.fetch('/webhooks/gitea', delivery());
    expect([answer.status, answer.body.details.code]).toEqual([503, 'disabled']);
  });

  test('takes both tokens while one is replaced', async () => {
    await using rotating = await runGateway({ webhookSecrets: ['new', WEBHOOK_SECRET] });
    const old = await rotating.fetch('/webhooks/gitea', delivery());
    const renewed = await rotating.fetch(
      '/webhooks/gitea',
      delivery({ 'X-Gitea-Signature': signatureOf('new', Buffer.from(body)) }),
    );
    expect([old.status, renewed.status]).toEqual([202, 202]);
  });

  test('counts strangers by their address, and not those who sign', async () => {
    await using strict = await runGateway({ requestsPerMinute: 2 });
    const wrong = () => strict.fetch('/webhooks/gitea', delivery({ 'X-Gitea-Signature': '' }));
    const statuses = [(await wrong()).status, (await wrong()).status, (await wrong()).status];
    expect(statuses).toEqual([401, 401, 429]);
    expect((await strict.fetch('/webhooks/gitea', delivery())).status).toBe(202);
  });

  test('says 503 when the stream does not take it, and 202 for the same delivery later', async () => {
    await using alone = await runGateway();
    await alone.other.jsm.streams.delete('WHOOSH_INBOX');
    const sent = delivery();
    const refused = await alone.fetch('/webhooks/gitea', sent);
    expect([refused.status, refused.body.details.code]).toEqual([503, 'unavailable']);
    await alone.other.ensureStreams(['WHOOSH_INBOX']);
    expect((await alone.fetch('/webhooks/gitea', sent)).status).toBe(202);
    expect(await inboxCount(alone)).toBe(1);
  });

  test('says 503 when the inbox is full', async () => {
    await using full = await runGateway();
    const { config } = await full.other.jsm.streams.info('WHOOSH_INBOX');
    await full.other.jsm.streams.update('WHOOSH_INBOX', { ...config, max_msgs: 1 });
    expect((await full.fetch('/webhooks/gitea', delivery())).status).toBe(202);
    const refused = await full.fetch('/webhooks/gitea', delivery());
    expect([refused.status, refused.body.details.code]).toEqual([503, 'unavailable']);
  });
});
