import { backbeat } from '@whoosh/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameBody } from './frame-body.ts';
import { newPrivateKey, readSigner, readTrustedKeys, trustedKeyLine } from './key-file.ts';
import { addSignature, checkSignature } from './signature.ts';
import { headers } from '@nats-io/nats-core';

const frame = {
  type: 'backbeat.beatframe.v1',
  cluster_id: 'c',
  beat_index: 7,
  downbeat: false,
  phase: 'execute',
  hlc: '7ffd:0001:beef',
  deadline_at: '2026-01-15T10:30:00Z',
  tempo_bpm: 120,
  window_id: '7e9b0e6c4c9a4e59b7f2d9a3c1b2e4d5',
  metadata: { epoch: 3, term: 2, open: { to: ['anything'] } },
};
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** Frames, broken frames and whatever else arrives. */
const anything = fc.oneof(
  fc.record({ beat_index: fc.integer({ min: 0, max: 3 }) }).map((change) => bytes({ ...frame, ...change })),
  fc
    .dictionary(fc.constantFrom(...Object.keys(frame)), fc.jsonValue(), { minKeys: 1, maxKeys: 2 })
    .map((change) => bytes({ ...frame, ...change })),
  fc.jsonValue().map(bytes),
  fc.uint8Array({ maxLength: 40 }),
  fc.integer({ min: 0, max: 200 }).map((length) => bytes(frame).slice(0, length)),
);

function byContract(payload: Uint8Array): backbeat.BeatFrame | undefined {
  try {
    return backbeat.BeatFrame.safeParse(JSON.parse(new TextDecoder().decode(payload))).data;
  } catch {
    return undefined;
  }
}

test('is what the contract says of these bytes, whatever came before and however often', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anything, fc.integer({ min: 1, max: 3 })), { maxLength: 12 }),
      (messages) => {
        for (const [payload, copies] of messages) {
          for (let i = 0; i < copies; i += 1) expect(frameBody(payload.slice())).toEqual(byContract(payload));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('does not take bytes for the last ones because they lie in the same buffer', () => {
  const buffer = bytes(frame);
  expect(frameBody(buffer)?.beat_index).toBe(7);
  buffer.set(bytes({ ...frame, beat_index: 8 }));
  expect(frameBody(buffer)?.beat_index).toBe(8);
});

test('is one frame for all who hear it, and nobody can change it for the others', () => {
  const [one, other] = [frameBody(bytes(frame)), frameBody(bytes(frame))];
  expect(one).toBe(other);
  expect(() => Object.assign(one ?? {}, { beat_index: 9 })).toThrow(TypeError);
  expect(() => Object.assign(one?.metadata ?? {}, { term: 9 })).toThrow(TypeError);
});

test('a signature is believed for its own bytes, key and time only, however often it was seen', () => {
  const [pulse, other] = [readSigner('k1', newPrivateKey()), readSigner('k2', newPrivateKey())];
  const keys = readTrustedKeys(
    `${trustedKeyLine(pulse, '@pulse')} until=2026-01-01T00:00:00Z\n${trustedKeyLine(other, '@pulse')}`,
  );
  const policy = { keys, required: true };
  const before = Date.parse('2025-12-31T00:00:00Z');
  const payload = bytes(frame);
  const signed = headers();
  addSignature(pulse, payload, signed);
  const renamed = headers();
  renamed.set('Backbeat-Key', 'k2');
  renamed.set('Backbeat-Signature', signed.get('Backbeat-Signature'));
  const check = (what: Uint8Array, head: typeof signed, nowMs = before) =>
    checkSignature(policy, '@pulse', { payload: what, headers: head, nowMs });
  const verdicts = () => [
    check(payload, signed),
    check(bytes({ ...frame, beat_index: 8 }), signed),
    check(payload, renamed),
    check(payload, signed, before + 2 * 86_400_000),
    check(payload, signed),
  ];
  const expected = ['ok', 'bad_signature', 'bad_signature', 'bad_signature', 'ok'];
  for (let i = 0; i < 3; i += 1) expect(verdicts()).toEqual(expected);
});
