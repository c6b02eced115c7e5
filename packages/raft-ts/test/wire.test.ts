import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Message } from '../src/index.ts';
import { decodeMessage, encodeMessage } from '../src/node/codec.ts';
import { frame, FrameReader } from '../src/node/frame.ts';
import {
  code,
  codesEqual,
  decodeIntroduction,
  encodeIntroduction,
  FrameCodes,
} from '../src/node/handshake.ts';
import { agreedSecret, proofsUnder } from '../src/node/secrets.ts';

const number = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 40 });
const head = { from: number, to: number, term: number };
const entries = fc.array(fc.record({ term: number, index: number, data: bytes }), { maxLength: 4 });
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constantFrom('preVote' as const, 'vote' as const),
    ...head,
    lastIndex: number,
    lastTerm: number,
    transfer: fc.boolean(),
  }),
  fc.record({
    type: fc.constantFrom('preVoteReply' as const, 'voteReply' as const),
    ...head,
    granted: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('append' as const),
    ...head,
    prevIndex: number,
    prevTerm: number,
    entries,
    commit: number,
  }),
  fc.record({ type: fc.constant('appendAccepted' as const), ...head, index: number }),
  fc.record({
    type: fc.constant('appendRejected' as const),
    ...head,
    prevIndex: number,
    hintIndex: number,
    hintTerm: number,
  }),
  fc.record({
    type: fc.constant('heartbeat' as const),
    ...head,
    commit: number,
    sentTick: number,
    readRound: number,
  }),
  fc.record({ type: fc.constant('heartbeatReply' as const), ...head, sentTick: number, readRound: number }),
  fc.record({
    type: fc.constant('snapshot' as const),
    ...head,
    snapshot: fc.record({ index: number, term: number, data: bytes }),
  }),
  fc.record({ type: fc.constant('timeoutNow' as const), ...head }),
  fc.record({ type: fc.constant('readIndex' as const), ...head, context: fc.string() }),
  fc.record({ type: fc.constant('readIndexReply' as const), ...head, context: fc.string(), index: number }),
);

test('every message comes out as it went in', () => {
  fc.assert(
    fc.property(message, (each) => {
      expect(decodeMessage(encodeMessage(each))).toEqual(each);
    }),
  );
});

test('changed, cut or lengthened bytes are another message or none, never an exception', () => {
  fc.assert(
    fc.property(message, fc.nat(), fc.nat(255), fc.nat(), (each, where, value, length) => {
      const encoded = encodeMessage(each);
      encoded[where % encoded.byteLength] = value;
      decodeMessage(encoded);
      const sound = encodeMessage(each);
      expect(decodeMessage(sound.subarray(0, length % sound.byteLength))).toBeUndefined();
      expect(decodeMessage(Buffer.concat([sound, Buffer.from([1])]))).toBeUndefined();
    }),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      decodeMessage(Buffer.from(noise));
    }),
    { numRuns: 5_000 },
  );
});

test('frames survive any cutting of the stream; one that is too long is noticed by its length alone', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (contents, size) => {
      const stream = Buffer.concat(contents.map((content) => frame(content)));
      const reader = new FrameReader(64);
      const seen: Buffer[] = [];
      for (let at = 0; at < stream.byteLength; at += size) {
        seen.push(...(reader.push(stream.subarray(at, at + size)) ?? []));
      }
      expect(seen.map((each) => [...each])).toEqual(contents.map((content) => [...content]));
    }),
  );
  expect(new FrameReader(64).push(Buffer.from([0, 0, 0, 65]))).toBeUndefined();
});

const who = {
  digest: Buffer.alloc(32, 1),
  from: 'n1',
  to: 'n2',
  listenerNonce: Buffer.alloc(16, 2),
  dialerNonce: Buffer.alloc(16, 3),
};

test('an introduction is bound to secret, names, cluster and both nonces', () => {
  const proof = code('secret', 'dialer', who);
  for (const previous of [undefined, Buffer.alloc(32, 4)]) {
    const proofs = { current: proof, previous };
    const read = decodeIntroduction(encodeIntroduction(who, proofs), who.listenerNonce);
    expect(read).toEqual({ who, proofs });
  }
  const others = [
    code('other', 'dialer', who),
    code('secret', 'listener', who),
    code('secret', 'dialer, previous', who),
    code('secret', 'dialer', who, Buffer.alloc(32, 4)),
    code('secret', 'dialer', { ...who, from: 'n3' }),
    code('secret', 'dialer', { ...who, to: 'n3' }),
    code('secret', 'dialer', { ...who, digest: Buffer.alloc(32, 9) }),
    code('secret', 'dialer', { ...who, listenerNonce: Buffer.alloc(16, 9) }),
    code('secret', 'dialer', { ...who, dialerNonce: Buffer.alloc(16, 9) }),
  ];
  for (const other of others) expect(codesEqual(other, proof)).toBe(false);
});

test('any changed byte of an introduction makes it another one or none', () => {
  const secrets = { current: 'secret', previous: 'another' };
  const encoded = encodeIntroduction(who, proofsUnder(secrets, who));
  for (let at = 0; at < encoded.byteLength; at += 1) {
    const changed = Buffer.from(encoded);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const read = decodeIntroduction(changed, who.listenerNonce);
    const good = read !== undefined && agreedSecret(secrets, read.who, read.proofs) !== undefined;
    expect(good).toBe(false);
  }
});

test('a frame counts once, in its place', () => {
  const [sender, receiver] = [new FrameCodes(Buffer.from('key')), new FrameCodes(Buffer.from('key'))];
  const [first, second] = [Buffer.from('first'), Buffer.from('second')];
  const codes = [sender.next(first), sender.next(second)] as const;
  expect(codesEqual(receiver.next(first), codes[0])).toBe(true);
  expect(codesEqual(receiver.next(first), codes[0])).toBe(false);
  expect(codesEqual(new FrameCodes(Buffer.from('key')).next(second), codes[1])).toBe(false);
});
