import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readTrustedKeys } from '@whoosh/backbeat-sdk/keys';
import { VOUCHED_KEY, voucherText } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import { TestSigner } from '../testing/index.ts';
import { KeyRing, VOUCHERS_MAX } from './key-ring.ts';
import { VouchedKeys } from './vouched-keys.ts';

/** A private key as PKCS #8 begins with these bytes (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

const old = new TestSigner('w1', 'w-*');
const now = new TestSigner('w2', 'w-*');
const keys = new VouchedKeys('c', [old.publicKey, now.publicKey]);
const ask = (signer: TestSigner, agent = 'w-1', vouchers = [0, 1], among = keys) =>
  among.find({ credential: signer.name, agent, vouchers });

test('a key is that of its agent, in its cluster, by whoever may vouch for it', () => {
  const signer = now.vouchFor('w-1', 'c');
  expect(ask(signer)?.equals(signer.publicKey)).toBe(true);
  expect(ask(signer, 'w-2')).toBeUndefined();
  expect(ask(now.vouchFor('w-1', 'd'))).toBeUndefined();
  expect(ask(new TestSigner('w2', 'w-*').vouchFor('w-1', 'c'))).toBeUndefined();
  expect(ask(signer.vouchFor('w-1', 'c'))).toBeUndefined();
});

test('a key is not believed on the word of one whose time is over, remembered or not', () => {
  const signer = old.vouchFor('w-1', 'c');
  expect(ask(signer, 'w-1', [1])).toBeUndefined();
  expect(ask(signer)).toBeDefined();
  expect(ask(signer, 'w-1', [1])).toBeUndefined();
  expect(ask(signer)).toBeDefined();
});

test('one bit of a key or its voucher that is another makes it nobody\u2019s', () => {
  const signer = now.vouchFor('w-1', 'c');
  const bytes = Buffer.from(signer.name, 'base64');
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    const credential = changed.toString('base64');
    expect(VOUCHED_KEY.test(credential)).toBe(true);
    expect(keys.find({ credential, agent: 'w-1', vouchers: [0, 1] })).toBeUndefined();
  }
});

test('no more are remembered than may be, and one that was forgotten is verified again', () => {
  const few = new VouchedKeys('c', [now.publicKey], 2);
  const signers = ['w-1', 'w-2', 'w-3'].map((agent) => now.vouchFor(agent, 'c'));
  for (const signer of [...signers, ...signers]) {
    expect(ask(signer, signer.owner, [0], few)).toBeDefined();
    expect(few.remembered).toBeLessThanOrEqual(2);
  }
  expect(ask(now.vouchFor('w-1', 'd'), 'w-1', [0], few)).toBeUndefined();
  expect(few.remembered).toBe(2);
});

test('of many that may vouch a bounded number is asked', () => {
  const lines = Array.from({ length: 9 }, (_, i) => new TestSigner(`w${i}`, 'w-*').line);
  expect(new KeyRing(readTrustedKeys(lines.join('\n'))).vouchersOf('w-1', 0)).toEqual([0, 1, 2, 3]);
  expect(VOUCHERS_MAX).toBe(4);
});

test('the example of a voucher in the protocol is believed by the line it shows', () => {
  const protocol = readFileSync(new URL('../../../../docs/PROTOCOL.md', import.meta.url), 'utf8');
  const shown = (word: string) => new RegExp(`^${word} {2,}(.+)$`, 'm').exec(protocol)?.[1] ?? '';
  const [{ key: listed } = { key: now.publicKey }] = readTrustedKeys(shown('its line')).values();
  const brought = new VouchedKeys('chorus-production', [listed]);
  const vouched = { credential: shown('its Backbeat-Key'), agent: shown('agent'), vouchers: [0] };
  const key = brought.find(vouched);
  const der = Buffer.concat([PKCS8_PREFIX, Buffer.from(shown('its key'), 'hex')]);
  const own = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  expect(key?.equals(createPublicKey(own))).toBe(true);
  const publicKey = Buffer.from(vouched.credential, 'base64').subarray(0, 32).toString('base64');
  const text = voucherText({ cluster: 'chorus-production', agent: vouched.agent, publicKey });
  expect(shown('voucher signs').replaceAll('⏎', '\n')).toBe(text);
});
