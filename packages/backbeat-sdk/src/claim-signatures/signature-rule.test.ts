import { describe, expect, test } from 'vitest';
import { readTrustedKeys } from '../key-file.ts';
import { TestSigner } from '../testing/index.ts';
import { KeyRing } from './key-ring.ts';
import { askSignature, type SignatureSettings } from './signature-rule.ts';

const UNTIL_MS = Date.UTC(2027, 0, 1);
const a = new TestSigner('a1', 'a');
const a2 = new TestSigner('a2', 'a');
const b = new TestSigner('b1', 'b');
const ringOf = (...lines: string[]) => new KeyRing(readTrustedKeys(lines.join('\n')));
const keys = ringOf(`${a.line} until=2027-01-01T00:00:00Z`, a2.line, b.line);

const ask = (signer: TestSigner | undefined, rest: Partial<SignatureSettings> = {}, owner = 'a', atMs = 0) =>
  askSignature({ keys, isRequired: false, ...rest }, { owner, atMs }, signer?.headers('x'));

describe('a signature', () => {
  test('is asked of the key that the header names, of any of the agent', () => {
    expect(ask(a)).toMatchObject({ keyIndex: 0 });
    expect(ask(a2)).toMatchObject({ keyIndex: 1 });
  });

  test('of another owner, or by an unknown key, is none', () => {
    expect(ask(b)).toBe('signature');
    expect(ask(new TestSigner('unknown', 'a'))).toBe('signature');
  });

  test('of a process that speaks for many agents is good for those whose ids begin so', () => {
    const fleet = new TestSigner('f1', 'sim:*');
    const settings = { keys: ringOf(fleet.line) };
    expect(ask(fleet, settings, 'sim:7')).toMatchObject({ keyIndex: 0 });
    for (const owner of ['simulated', '@rotation', '@pulse'])
      expect(ask(fleet, settings, owner)).toBe('signature');
  });

  test('by a key that the claim brings along is asked of those who may have vouched for it then', () => {
    const settings = {
      keys: ringOf(
        a.line,
        `${new TestSigner('w1', 'w-*').line} until=2027-01-01T00:00:00Z`,
        new TestSigner('w2', 'w-*').line,
        new TestSigner('x', 'x-*').line,
      ),
    };
    const brought = a.vouchFor('w-7', 'c');
    const by = (vouchers: number[]) => ({ vouched: { credential: brought.name, agent: 'w-7', vouchers } });
    expect(ask(brought, settings, 'w-7')).toMatchObject(by([1, 2]));
    expect(ask(brought, settings, 'w-7', UNTIL_MS)).toMatchObject(by([2]));
    expect(ask(brought, settings, 'a')).toBe('signature');
    expect(ask(brought, settings, '@rotation')).toBe('signature');
  });

  test('is good until the time of its key', () => {
    expect(ask(a, {}, 'a', UNTIL_MS - 1)).toMatchObject({ keyIndex: 0 });
    expect(ask(a, {}, 'a', UNTIL_MS)).toBe('signature');
    expect(ask(a2, {}, 'a', UNTIL_MS)).toMatchObject({ keyIndex: 1 });
  });

  test('may be missing unless it is required', () => {
    expect(ask(undefined)).toBe('none');
    expect(ask(undefined, { isRequired: true })).toBe('unsigned');
  });

  test.each(['AAAA', 'x', '!'.repeat(86), 'A'.repeat(85), 'A'.repeat(87)])('is not %s', (text) => {
    const headers = new Map([
      ['Backbeat-Key', 'a1'],
      ['Backbeat-Signature', text],
    ]);
    const source = { get: (name: string) => headers.get(name) ?? '' };
    expect(askSignature({ keys, isRequired: false }, { owner: 'a', atMs: 0 }, source)).toBe('signature');
  });
});
