import { generateKeyPairSync } from 'node:crypto';
import { headers } from '@nats-io/nats-core';
import { describe, expect, test } from 'vitest';
import {
  KeyFileError,
  keyOwner,
  newPrivateKey,
  publicKeyLine,
  readPublicKeys,
  readSigner,
} from './key-file.ts';
import { addSignature, checkSignature } from './signature.ts';

const payload = new TextEncoder().encode('{"beat_index":1}');
const signer = readSigner('agent:7', newPrivateKey());
const line = publicKeyLine(signer);
const keys = readPublicKeys(`# agents\n\n  ${line}  \n`);

function signed(by = signer) {
  const head = headers();
  addSignature(by, payload, head);
  return head;
}

describe('signatures by keys from files', () => {
  test('what is signed with the private half is believed by the public half', () => {
    expect(checkSignature({ keys, required: true }, payload, signed())).toBe('ok');
  });

  test.each([
    { name: 'another payload', body: new TextEncoder().encode('{"beat_index":2}'), head: signed() },
    { name: 'a stranger', body: payload, head: signed(readSigner('agent:8', newPrivateKey())) },
    {
      name: 'a stranger under a known name',
      body: payload,
      head: signed(readSigner('agent:7', newPrivateKey())),
    },
  ])('$name is refused', ({ body, head }) => {
    expect(checkSignature({ keys, required: false }, body, head)).toBe('bad_signature');
  });

  test('an unsigned one is refused only where signatures are required', () => {
    expect(checkSignature({ keys, required: false }, payload, headers())).toBe('ok');
    expect(checkSignature({ keys, required: true }, payload, headers())).toBe('unsigned');
    expect(checkSignature({ keys: new Map(), required: true }, payload, undefined)).toBe('unsigned');
  });

  test('in a rotation one owner has two keys', () => {
    const next = readSigner('agent:7/next', newPrivateKey());
    const both = readPublicKeys(`${line}\n${publicKeyLine(next)}`);
    expect(checkSignature({ keys: both, required: true }, payload, signed())).toBe('ok');
    expect(checkSignature({ keys: both, required: true }, payload, signed(next))).toBe('ok');
    expect([...both.keys()].map(keyOwner)).toEqual(['agent:7', 'agent:7']);
  });

  test.each([
    { name: 'a name alone', text: 'agent:7' },
    { name: 'a short key', text: 'agent:7 AAAA' },
    { name: 'a third word', text: `${line} x` },
    { name: 'a name with a space in it', text: `agent 7 ${line.split(' ')[1]}` },
    { name: 'a name of other characters', text: line.replace('agent:7', 'agent*') },
  ])('a list with $name is refused by its line', ({ text }) => {
    expect(() => readPublicKeys(`# first\n${text}`)).toThrow(/^line 2 must be a name/);
  });

  test('a name that comes twice is refused', () => {
    expect(() => readPublicKeys(`${line}\n${line}`)).toThrow(/^line 2 has a name that was there before/);
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
    const act = () => readSigner('agent:7', pem);
    expect(act).toThrow(KeyFileError);
    expect(act).toThrow(says);
    expect(act).not.toThrow(/secret/);
  });
});
