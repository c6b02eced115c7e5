import { readTrustedKeys } from '@whoosh/backbeat-sdk';
import { describe, expect, test } from 'vitest';
import { Signer } from '../../test/signer.ts';
import { type StreamEntry } from '../domain/entry.ts';
import { KeyRing } from './key-ring.ts';
import { askSignature, refused, type SignatureSettings } from './signature-rule.ts';

const UNTIL_MS = Date.UTC(2027, 0, 1);
const a = new Signer('a1', 'a');
const a2 = new Signer('a2', 'a');
const b = new Signer('b1', 'b');
const rotator = new Signer('r1', '@rotation');
const ringOf = (...lines: string[]) => new KeyRing(readTrustedKeys(lines.join('\n')));
const keys = ringOf(`${a.line} until=2027-01-01T00:00:00Z`, a2.line, b.line, rotator.line);

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

const ask = (entry: StreamEntry, signer: Signer | undefined, rest: Partial<SignatureSettings> = {}) =>
  askSignature({ keys, isRequired: false, ...rest }, entry, signer?.headers('x'));

describe('a signature', () => {
  test('is asked of the key that the header names, of any of the agent', () => {
    expect(ask(claim(), a)).toMatchObject({ keyIndex: 0 });
    expect(ask(claim(), a2)).toMatchObject({ keyIndex: 1 });
    expect(ask(rotation, rotator)).toMatchObject({ keyIndex: 3 });
  });

  test('of another owner, or by an unknown key, is none', () => {
    expect(ask(claim(), b)).toBe('signature');
    expect(ask(claim(), rotator)).toBe('signature');
    expect(ask(rotation, a)).toBe('signature');
    expect(ask(claim(), new Signer('unknown', 'a'))).toBe('signature');
  });

  test('of a process that speaks for many agents is good for those whose ids begin so', () => {
    const fleet = new Signer('f1', 'sim:*');
    const settings = { keys: ringOf(fleet.line), isRequired: false };
    const of = (agent: string): StreamEntry => {
      const entry = claim();
      return entry.kind === 'claim' ? { ...entry, claim: { ...entry.claim, agent } } : entry;
    };
    expect(askSignature(settings, of('sim:7'), fleet.headers('x'))).toMatchObject({ keyIndex: 0 });
    expect(askSignature(settings, of('simulated'), fleet.headers('x'))).toBe('signature');
    expect(askSignature(settings, rotation, fleet.headers('x'))).toBe('signature');
  });

  test('by a key that the claim brings along is asked of those who may have vouched for it then', () => {
    const listed = [
      `${a.line}`,
      `${new Signer('w1', 'w-*').line} until=2027-01-01T00:00:00Z`,
      new Signer('w2', 'w-*').line,
      new Signer('x', 'x-*').line,
    ];
    const settings = { keys: ringOf(...listed), isRequired: false };
    const of = (agent: string, storedAtMs = 0): StreamEntry => {
      const entry = claim(storedAtMs);
      return entry.kind === 'claim' ? { ...entry, claim: { ...entry.claim, agent } } : entry;
    };
    const brought = a.vouchFor('w-7', 'c');
    const by = (vouchers: number[]) => ({ vouched: { credential: brought.name, agent: 'w-7', vouchers } });
    expect(askSignature(settings, of('w-7'), brought.headers('x'))).toMatchObject(by([1, 2]));
    expect(askSignature(settings, of('w-7', UNTIL_MS), brought.headers('x'))).toMatchObject(by([2]));
    expect(askSignature(settings, of('a'), brought.headers('x'))).toBe('signature');
    expect(askSignature(settings, rotation, brought.headers('x'))).toBe('signature');
  });

  test('is good until the time of its key, by the broker', () => {
    expect(ask(claim(UNTIL_MS - 1), a)).toMatchObject({ keyIndex: 0 });
    expect(ask(claim(UNTIL_MS), a)).toBe('signature');
    expect(ask(claim(UNTIL_MS), a2)).toMatchObject({ keyIndex: 1 });
  });

  test('may be missing unless it is required', () => {
    expect(ask(claim(), undefined)).toBe('none');
    expect(ask(claim(), undefined, { isRequired: true })).toBe('unsigned');
    expect(ask(rotation, undefined, { isRequired: true })).toBe('unsigned');
  });

  test.each(['AAAA', 'x', '!'.repeat(86), 'A'.repeat(85), 'A'.repeat(87)])('is not %s', (text) => {
    const headers = new Map([
      ['Backbeat-Key', 'a1'],
      ['Backbeat-Signature', text],
    ]);
    const source = { get: (name: string) => headers.get(name) ?? '' };
    expect(askSignature({ keys, isRequired: false }, claim(), source)).toBe('signature');
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
