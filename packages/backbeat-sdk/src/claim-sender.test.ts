import { setImmediate as turn } from 'node:timers/promises';
import { type MsgHdrs } from '@nats-io/nats-core';
import { CallError, HEADERS } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import { CLAIMS_WAITING_MAX, ClaimSender, type ClaimWire } from './claim-sender.ts';
import { CLAIM_RETRY_MAX_MS } from './domain/claim-retry.ts';
import { ManualClock } from './testing/index.ts';

interface Try {
  readonly subject: string;
  readonly text: string;
  readonly atMs: number;
  readonly hlc: string | undefined;
}

type Answer = { readonly seq: number } | { readonly error: { code: number; err_code?: number } };

/** The wire to a stream whose answers, and their absence, a test decides; its time passes with the clock's. */
class Wire implements ClaimWire {
  readonly tries: Try[] = [];
  answer: (subject: string) => Answer | 'silence' = () => ({ seq: 1 });
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  publish(subject: string, payload: Uint8Array, { headers }: { headers: MsgHdrs }): void {
    this.#note(subject, payload, headers);
  }

  request(subject: string, payload: Uint8Array, options: { timeout: number; headers: MsgHdrs }) {
    this.#note(subject, payload, options.headers);
    const { promise, resolve, reject } = Promise.withResolvers<{ json<T>(): T }>();
    const answer = this.answer(subject);
    if (answer !== 'silence') resolve({ json: <T>() => answer as T });
    else this.#clock.at(this.#clock.nowMs() + options.timeout, () => reject(new Error('timeout')));
    return promise;
  }

  #note(subject: string, payload: Uint8Array, headers: MsgHdrs): void {
    const text = new TextDecoder().decode(payload);
    this.tries.push({ subject, text, atMs: this.#clock.nowMs(), hlc: headers.get(HEADERS.hlc) });
  }
}

function stage() {
  const clock = new ManualClock();
  const wire = new Wire(clock);
  const sender = new ClaimSender({ connection: wire, clock });
  /** Time passes in small steps, and what was promised comes true in between. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 50) {
      clock.advance(Math.min(50, left));
      await turn();
    }
  };
  const send = (agent: string, dueMs = 0) => {
    const outcome: { at?: number; error?: unknown; stored?: { sequence: number; attempts: number } } = {};
    const payload = new TextEncoder().encode(`claim of ${agent}`);
    sender.send({ subject: `claim.${agent}`, payload, hlc: `hlc of ${agent}` }, dueMs).then(
      (stored) => Object.assign(outcome, { stored, at: clock.nowMs() }),
      (error: unknown) => Object.assign(outcome, { error, at: clock.nowMs() }),
    );
    return outcome;
  };
  return { clock, wire, sender, pass, send };
}

test.each([
  ['one', 1],
  ['a batch', 20],
])('%s that nobody answers is repeated with the same bytes for 15 s, and then lost', async (_, count) => {
  const { wire, sender, pass, send } = stage();
  wire.answer = () => 'silence';
  const dueMs = 1_000;
  const outcomes = Array.from({ length: count }, (_each, i) => send(`a${i}`, dueMs));
  await pass(dueMs + CLAIM_RETRY_MAX_MS - 600);
  expect(outcomes.every(({ at }) => at === undefined)).toBe(true);
  expect(sender.waiting).toBe(count);
  await pass(650);
  for (const { at = 0, error } of outcomes) {
    expect(error).toBeInstanceOf(CallError);
    expect(error).toMatchObject({ code: 'unavailable', cause: expect.any(Error) });
    expect(at).toBeLessThanOrEqual(dueMs + CLAIM_RETRY_MAX_MS + 50);
  }
  expect(sender.waiting).toBe(0);
  expect(sender.counters).toMatchObject({ stored: 0, lost: count });
  expect(sender.counters.retried).toBeGreaterThanOrEqual(5 * count);
  const tries = wire.tries.length;
  expect(new Set(wire.tries.map(({ text, hlc }) => `${text} ${hlc}`)).size).toBe(count);
  expect(wire.tries.every(({ atMs }) => atMs >= dueMs - 5 && atMs < dueMs + CLAIM_RETRY_MAX_MS)).toBe(true);
  await pass(10_000);
  expect(wire.tries).toHaveLength(tries);
});

test.each([
  ['nobody answers', 'silence' as const],
  ['the stream has no leader', { error: { code: 503 } }],
  ['the stream is busy', { error: { code: 429, err_code: 10_167 } }],
])('one that is not stored because %s is stored when that has passed', async (_, trouble) => {
  const { wire, sender, pass, send } = stage();
  wire.answer = () => trouble;
  const outcome = send('a');
  await pass(10_000);
  expect(outcome.at).toBeUndefined();
  wire.answer = () => ({ seq: 7 });
  await pass(4_500);
  expect(outcome.stored).toEqual({ sequence: 7, attempts: wire.tries.length });
  expect(sender.counters).toMatchObject({ stored: 1, lost: 0, retried: wire.tries.length - 1 });
});

test('one that the stream refuses for good is not repeated', async () => {
  const { wire, pass, send } = stage();
  wire.answer = () => ({ error: { code: 400, err_code: 10_054 } });
  const outcome = send('a');
  await pass(100);
  expect(outcome.error).toMatchObject({ code: 'invalid_argument' });
  expect(wire.tries).toHaveLength(1);
});

test('one that waited behind others until it was too late is lost, and not sent any more', async () => {
  const { clock, wire, sender, pass, send } = stage();
  wire.answer = () => 'silence';
  const crowd = Array.from({ length: 256 * 9 }, (_, i) => send(`a${i}`));
  await pass(1_000);
  expect(wire.tries).toHaveLength(256 * 8);
  // A process that stands still: its time is over, and it could say nothing.
  clock.advance(CLAIM_RETRY_MAX_MS);
  await pass(5_000);
  expect(crowd.filter(({ error }) => error instanceof CallError)).toHaveLength(crowd.length);
  expect(wire.tries.some(({ subject }) => subject === `claim.a${256 * 9 - 1}`)).toBe(false);
  expect(sender.waiting).toBe(0);
});

test('beyond 50,000 that wait one more is refused at once; whose turn has come make room', async () => {
  const { wire, sender, pass, send } = stage();
  const first = Array.from({ length: CLAIMS_WAITING_MAX - 1 }, (_, i) => send(`a${i}`, 5_000));
  const last = send('last', 5_000);
  const refused = send('refused', 5_000);
  await pass(1);
  expect(CLAIMS_WAITING_MAX).toBe(50_000);
  expect(refused.error).toBeInstanceOf(CallError);
  expect(refused.error).toMatchObject({ code: 'resource_exhausted' });
  expect([first[0]?.at, last.at, sender.waiting]).toEqual([undefined, undefined, CLAIMS_WAITING_MAX]);
  await pass(6_000);
  expect(sender.counters).toMatchObject({ stored: CLAIMS_WAITING_MAX, lost: 0 });
  const again = send('refused');
  await pass(100);
  expect(again.stored).toMatchObject({ attempts: 1 });
  expect(wire.tries.filter(({ subject }) => subject === 'claim.refused')).toHaveLength(1);
});

test('closing gives up what waits, is told of it, and takes no more', async () => {
  const { wire, sender, pass, send } = stage();
  wire.answer = () => 'silence';
  const [onTheWire, waiting] = [send('a'), send('b', 5_000)];
  await pass(100);
  sender.close();
  const late = send('c');
  await pass(3_000);
  for (const { error } of [onTheWire, waiting, late]) expect(error).toMatchObject({ code: 'unavailable' });
  expect(wire.tries).toHaveLength(1);
  expect(sender.waiting).toBe(0);
});
