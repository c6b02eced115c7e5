import { KeyRing, type SignatureSettings } from '@whoosh/backbeat-sdk/claim-signatures';
import { readTrustedKeys } from '@whoosh/backbeat-sdk/keys';
import { TestSigner } from '@whoosh/backbeat-sdk/testing';
import { describe, expect, test } from 'vitest';
import { type StreamEntry } from './domain/entry.ts';
import { askEntry, refused } from './entry-signature.ts';

const UNTIL_MS = Date.UTC(2027, 0, 1);
const a = new TestSigner('a1', 'a');
const fleet = new TestSigner('f1', 'a*');
const rotator = new TestSigner('r1', '@rotation');
const lines = [`${a.line} until=2027-01-01T00:00:00Z`, fleet.line, rotator.line];
const keys = new KeyRing(readTrustedKeys(lines.join('\n')));

const claim = (storedAtMs = 0): StreamEntry => ({
  kind: 'claim',
  sequence: 1,
  storedAtMs,
  claim: {
    agent: 'a',
    beat: 0,
    state: 'idle',
    task: '',
    beatsLeft: undefined,
    isComplete: false,
    hlc: 0,
  },
});
const rotation: StreamEntry = {
  kind: 'rotation',
  sequence: 1,
  storedAtMs: 0,
  rotation: { type: 'backbeat.rotation.v1', name: 'x', state: 'done', beat_index: 0, hlc: '0000:0000:0000' },
};

const ask = (
  entry: StreamEntry,
  signer: TestSigner | undefined,
  { isRequired = false }: Partial<SignatureSettings> = {},
) => askEntry({ keys, isRequired }, entry, signer?.headers('x'));

describe('a signature', () => {
  test('of a claim is its agent\u2019s, of a rotation that of who may make them', () => {
    expect(ask(claim(), a)).toMatchObject({ keyIndex: 0 });
    expect(ask(claim(), rotator)).toBe('signature');
    expect(ask(rotation, rotator)).toMatchObject({ keyIndex: 2 });
    expect(ask(rotation, a)).toBe('signature');
    expect(ask(rotation, fleet)).toBe('signature');
  });

  test('by a key that is brought along is none of a rotation', () => {
    const brought = fleet.vouchFor('a', 'c');
    expect(ask(claim(), brought)).toMatchObject({ vouched: { agent: 'a', vouchers: [1] } });
    expect(ask(rotation, brought)).toBe('signature');
  });

  test('is good until the time of its key, by the broker', () => {
    expect(ask(claim(UNTIL_MS - 1), a)).toMatchObject({ keyIndex: 0 });
    expect(ask(claim(UNTIL_MS), a)).toBe('signature');
  });

  test('is missed on a claim and on a rotation when it is required', () => {
    for (const entry of [claim(), rotation]) {
      expect(ask(entry, undefined)).toBe('none');
      expect(ask(entry, undefined, { isRequired: true })).toBe('unsigned');
    }
  });

  test('is asked of no marker and of nothing that is refused already', () => {
    const invalid: StreamEntry = { kind: 'invalid', reason: 'schema', sequence: 1, storedAtMs: 0 };
    expect(ask(invalid, undefined, { isRequired: true })).toBe('none');
  });

  test('that is not believed makes a claim invalid and a rotation broken', () => {
    expect(refused(claim(7), 'signature')).toEqual({
      kind: 'invalid',
      reason: 'signature',
      sequence: 1,
      storedAtMs: 7,
    });
    expect(refused(rotation, 'unsigned')).toMatchObject({
      kind: 'broken',
      what: 'rotation',
      reason: 'unsigned',
    });
  });
});
