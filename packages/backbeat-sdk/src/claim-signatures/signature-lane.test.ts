import { Random } from '@whoosh/stdx';
import { afterEach, describe, expect, test } from 'vitest';
import { TestSigner } from '../testing/index.ts';
import { SignatureLane, WAITING_BYTES_MAX, WAITING_LIMIT, WAITING_MAX } from './signature-lane.ts';
import { type SignatureQuestion } from './signature-rule.ts';
import { VerifierPool } from './verifier-pool.ts';

const signer = new TestSigner('a', 'a');
const starter = new TestSigner('s', 'a*');
const trust = { clusterId: 'c', publicKeys: [signer.publicKey, starter.publicKey] };
const brought = starter.vouchFor('a', 'c');
const foreign = signer.vouchFor('a', 'c');
const opened: { close(): void; pool: VerifierPool }[] = [];

interface Delivered {
  readonly item: number;
  readonly isGenuine: boolean;
}

function open(deliver?: (item: number) => void) {
  const delivered: Delivered[] = [];
  const warnings: unknown[] = [];
  const failures: unknown[] = [];
  const pool = new VerifierPool(trust, 2);
  const lane = new SignatureLane<number>({
    pool,
    trust,
    log: { warn: (fields: unknown) => void warnings.push(fields) },
    deliver: (item, isGenuine) => {
      deliver?.(item);
      delivered.push({ item, isGenuine });
    },
    onFailure: (cause) => failures.push(cause),
  });
  opened.push({ close: () => lane.close(), pool });
  return { lane, pool, delivered, warnings, failures };
}

afterEach(async () => {
  for (const { close, pool } of opened.splice(0)) {
    close();
    await pool[Symbol.asyncDispose]();
  }
});

const bytes = (text: string) => new TextEncoder().encode(text);
function question(payload: Uint8Array, isGenuine: boolean): SignatureQuestion {
  const signature = Buffer.from(signer.signature(payload), 'base64');
  if (!isGenuine) signature[7] = (signature[7] ?? 0) ^ 1;
  return { keyIndex: 0, signature };
}

/** By a key that came along: the right one, which signed another payload or this one, or one that nobody vouched for. */
function broughtQuestion(payload: Uint8Array, isGenuine: boolean, by: TestSigner): SignatureQuestion {
  const signature = Buffer.from(by.signature(isGenuine || by === foreign ? payload : bytes('x')), 'base64');
  return { vouched: { credential: by.name, agent: 'a', vouchers: [1] }, signature };
}

describe('the lane', () => {
  test('delivers in the order in which was put, each with its verdict', async () => {
    const { lane, delivered } = open();
    const random = new Random(3);
    const expected: Delivered[] = [];
    for (let item = 0; item < 1_500; item += 1) {
      const payload = bytes(`claim ${item}`);
      const isAsked = random.chance(0.5);
      const isGenuine = !isAsked || random.chance(0.7);
      const ask = random.pick([
        question,
        (...args: [Uint8Array, boolean]) =>
          broughtQuestion(...args, isGenuine || random.chance(0.5) ? brought : foreign),
      ]);
      lane.put(item, payload, isAsked ? ask(payload, isGenuine) : undefined);
      expected.push({ item, isGenuine });
      // Reads come in pieces.
      if (random.chance(0.02)) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await lane.settled();
    expect(delivered).toEqual(expected);
    expect(lane.waiting).toBe(0);
  });

  test('asks nobody where nothing is asked', () => {
    const { lane, pool, delivered } = open();
    for (let item = 0; item < 10; item += 1) lane.put(item, bytes('x'), undefined);
    expect(delivered.map(({ item }) => item)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(pool.threads).toBe(0);
  });

  test('holds no more than its limit, however fast it is filled', async () => {
    const { lane, delivered } = open();
    const payload = bytes('the same');
    const asked = question(payload, true);
    let most = 0;
    const count = WAITING_LIMIT + 3_000;
    // Without a pause, so that no thread can answer: the reader has to verify.
    for (let item = 0; item < count; item += 1) {
      lane.put(item, payload, item % 8 === 0 ? asked : undefined);
      most = Math.max(most, lane.waiting);
    }
    expect(most).toBeLessThanOrEqual(WAITING_LIMIT + 1);
    await lane.settled();
    expect(delivered.map(({ item }) => item)).toEqual(Array.from({ length: count }, (_, item) => item));
  });

  test('holds no more than so many bytes', async () => {
    const { lane, delivered } = open();
    const payload = new Uint8Array(4 * 1024 * 1024);
    const asked = question(payload, true);
    for (let item = 0; item < 8; item += 1) {
      lane.put(item, payload, asked);
      expect(lane.waiting).toBeLessThanOrEqual(4);
    }
    await lane.settled();
    expect(delivered).toHaveLength(8);
  });

  test('says when it has no room, before it would have to verify itself', async () => {
    const { lane } = open();
    const payload = bytes('x');
    const asked = question(payload, true);
    let put = 0;
    for (; lane.hasRoomFor(payload.byteLength) && put < WAITING_LIMIT; put += 1)
      lane.put(put, payload, asked);
    expect(put).toBe(WAITING_MAX);
    await lane.settled();
    expect(lane.hasRoomFor(WAITING_BYTES_MAX)).toBe(true);
    expect(lane.hasRoomFor(WAITING_BYTES_MAX + 1)).toBe(false);
    lane.put(put, payload, asked);
    expect(lane.hasRoomFor(WAITING_BYTES_MAX)).toBe(false);
  });

  test('goes on when its threads die', async () => {
    const { lane, pool, delivered, warnings } = open();
    const payload = bytes('x');
    for (let item = 0; item < 400; item += 1) lane.put(item, payload, question(payload, item % 2 === 0));
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(pool.threads).toBe(2);
    await pool.killThreads();
    await lane.settled();
    expect(delivered).toEqual(
      Array.from({ length: 400 }, (_, item) => ({ item, isGenuine: item % 2 === 0 })),
    );
    expect(warnings.length).toBeGreaterThan(0);
    lane.put(400, payload, question(payload, true));
    await lane.settled();
    expect(delivered.at(-1)).toEqual({ item: 400, isGenuine: true });
    expect(pool.threads).toBe(1);
  });

  test('stops at what cannot be taken and says so', async () => {
    const { lane, delivered, failures } = open((item) => {
      if (item === 2) throw new Error('full');
    });
    const payload = bytes('x');
    for (let item = 0; item < 5; item += 1) lane.put(item, payload, question(payload, true));
    await lane.settled();
    expect(failures).toEqual([new Error('full')]);
    lane.put(9, payload, undefined);
    expect(delivered.map(({ item }) => item)).toEqual([0, 1]);
  });
});
