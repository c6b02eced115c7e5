import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { headers } from '@nats-io/nats-core';
import { describe, expect, test } from 'vitest';
import { KeyFileError, newPrivateKey, readSigner, readTrustedKeys, trustedKeyLine } from './key-file.ts';
import { addSignature, checkSignature, type SignaturePolicy, type Signer } from './signature.ts';

const payload = new TextEncoder().encode('{"beat_index":1}');
const NOW_MS = Date.parse('2026-06-01T00:00:00Z');
const signer = readSigner('k1', newPrivateKey());
const line = trustedKeyLine(signer, '@pulse');
const keys = readTrustedKeys(`# pulses\n\n  ${line}  # since spring\n`);

function check(
  policy: SignaturePolicy,
  { by = signer, body = payload, owner = '@pulse', signed = true } = {},
) {
  const head = headers();
  addSignature(signed ? by : undefined, payload, head);
  return checkSignature(policy, owner, { payload: body, headers: head, nowMs: NOW_MS });
}

describe('signatures by keys from files', () => {
  test('what is signed with the private half is believed by the public half', () => {
    expect(check({ keys, required: true })).toBe('ok');
  });

  test('the key may also be the line of a PEM file', () => {
    const pem = createPublicKey(signer.privateKey).export({ format: 'pem', type: 'spki' }) as string;
    expect(check({ keys: readTrustedKeys(`k1 @pulse ${pem.split('\n')[1]}`), required: true })).toBe('ok');
  });

  test.each<{ name: string; by?: Signer; body?: Uint8Array<ArrayBuffer>; owner?: string }>([
    { name: 'another payload', body: new TextEncoder().encode('{"beat_index":2}') },
    { name: 'a stranger', by: readSigner('k2', newPrivateKey()) },
    { name: 'a stranger under a known name', by: readSigner('k1', newPrivateKey()) },
    { name: 'the key of another owner', owner: 'agent:7' },
  ])('$name is refused', (given) => {
    expect(check({ keys, required: false }, given)).toBe('bad_signature');
  });

  test('a key of many agents speaks for those whose ids begin so, and for nobody else', () => {
    const fleet = { keys: readTrustedKeys(trustedKeyLine(signer, 'sim:*')), required: true };
    expect(check(fleet, { owner: 'sim:7' })).toBe('ok');
    expect(check(fleet, { owner: 'simulated' })).toBe('bad_signature');
    expect(check(fleet, { owner: '@pulse' })).toBe('bad_signature');
    expect(() => readTrustedKeys(trustedKeyLine(signer, '*'))).toThrow(/owner/);
    expect(() => readTrustedKeys(trustedKeyLine(signer, 'a*b'))).toThrow(/owner/);
  });

  test('an unsigned one is refused only where signatures are required', () => {
    expect(check({ keys, required: false }, { signed: false })).toBe('ok');
    expect(check({ keys, required: true }, { signed: false })).toBe('unsigned');
    expect(check({ keys: new Map(), required: true }, { signed: false })).toBe('unsigned');
  });

  test('in a rotation both keys are good, each until its time', () => {
    const next = readSigner('k2', newPrivateKey());
    const both = (until: string) =>
      readTrustedKeys(`${line} until=${until}\n${trustedKeyLine(next, '@pulse')}`);
    const during = { keys: both('2026-06-01T00:00:01Z'), required: true };
    expect([check(during), check(during, { by: next })]).toEqual(['ok', 'ok']);
    const after = { keys: both('2026-06-01T00:00:00Z'), required: true };
    expect([check(after), check(after, { by: next })]).toEqual(['bad_signature', 'ok']);
  });

  test.each([
    { name: 'a name alone', text: 'k1', says: /^line 2: the owner must be/ },
    { name: 'a short key', text: 'k1 @pulse AAAA', says: /^line 2: the key must be/ },
    { name: 'five words', text: `${line} until=2026-06-01T00:00:00Z x`, says: /more than four words/ },
    { name: 'an end in other words', text: `${line} tomorrow`, says: /until=YYYY-MM-DDThh:mm:ssZ/ },
    {
      name: 'an owner of other characters',
      text: line.replace('@pulse', '@king'),
      says: /the owner must be/,
    },
    { name: 'a name that comes twice', text: `${line}\n${line}`, says: /^line 3: the name is given twice/ },
    { name: 'nothing', text: '', says: /^no key/ },
  ])('a list with $name is refused by its line', ({ text, says }) => {
    expect(() => readTrustedKeys(`# first\n${text}`)).toThrow(says);
  });

  test.each([
    { name: 'no PEM', pem: 'secret', says: /PEM/ },
    {
      name: 'another kind of key',
      pem: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
        format: 'pem',
        type: 'pkcs8',
      }) as string,
      says: /Ed25519/,
    },
  ])('$name is refused without being repeated', ({ pem, says }) => {
    const act = () => readSigner('k1', pem);
    expect(act).toThrow(KeyFileError);
    expect(act).toThrow(says);
    expect(act).not.toThrow(/secret/);
  });
});
