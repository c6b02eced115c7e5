import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { headers } from '@nats-io/nats-core';
import { backbeat } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import {
  addSignature,
  checkSignature,
  KEY_HEADER,
  readSigner,
  readTrustedKeys,
  SIGNATURE_HEADER,
  trustedKeyLine,
} from '../src/keys.ts';

const PROTOCOL = readFileSync(new URL('../../../docs/PROTOCOL.md', import.meta.url), 'utf8');
/** A private key as PKCS #8 begins with these bytes (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** What the example of the document says under this word. */
function shown(word: string): string {
  const [, value] = new RegExp(`^${word} {2,}(.+)$`, 'm').exec(PROTOCOL) ?? [];
  if (value === undefined) throw new Error(`docs/PROTOCOL.md shows no ${word}`);
  return value;
}

const payload = new TextEncoder().encode(shown('payload'));

function signerOf(seed: string) {
  const der = Buffer.concat([PKCS8_PREFIX, Buffer.from(seed, 'hex')]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return readSigner(shown(KEY_HEADER), key.export({ format: 'pem', type: 'pkcs8' }) as string);
}

test('the example of a signature in the protocol is a claim, and is what our own key makes of it', () => {
  const { agent_id: agentId } = backbeat.StatusClaim.parse(JSON.parse(shown('payload')));
  const cluster = 'chorus-production';
  expect(shown('subject')).toBe(backbeat.claims.subject.at({ cluster, agent: agentId }));
  const signer = signerOf(shown('private key'));
  expect(shown('line in the list')).toBe(trustedKeyLine(signer, agentId));
  const head = headers();
  addSignature(signer, payload, head);
  expect(head.get(KEY_HEADER)).toBe(shown(KEY_HEADER));
  expect(head.get(SIGNATURE_HEADER)).toBe(shown(SIGNATURE_HEADER));
});

test('the example is believed by the line it shows, with and without padding, and not for anybody else', () => {
  const policy = { keys: readTrustedKeys(shown('line in the list')), required: true };
  const verdict = (owner: string, signature: string, bytes = payload) => {
    const head = headers();
    head.set(KEY_HEADER, shown(KEY_HEADER));
    head.set(SIGNATURE_HEADER, signature);
    return checkSignature(policy, owner, { payload: bytes, headers: head, nowMs: 0 });
  };
  const signature = shown(SIGNATURE_HEADER);
  expect(verdict('agent:7', signature)).toBe('ok');
  expect(verdict('agent:7', signature.replace(/=+$/, ''))).toBe('ok');
  expect(verdict('agent:8', signature)).toBe('bad_signature');
  expect(verdict('agent:7', signature, new TextEncoder().encode(`${shown('payload')}\n`))).toBe(
    'bad_signature',
  );
});
