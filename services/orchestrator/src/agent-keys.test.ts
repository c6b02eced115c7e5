import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { newPrivateKey, readSigner, readTrustedKeys, trustedKeyLine } from '@whoosh/backbeat-sdk/keys';
import { Secret } from '@whoosh/config';
import { VOUCHED_KEY, voucherText } from '@whoosh/contracts';
import { describe, expect, test } from 'vitest';
import { AgentKeys, voucherProblems } from './agent-keys.ts';

const pem = newPrivateKey();
const ours = readSigner('ours', pem);
const keys = new AgentKeys(new Secret(pem), 'demo');
const AGENT = 'whoosh-qa-lead-0123456789ab';

function isVouched(name: string, agent: string, cluster: string, by: KeyObject): boolean {
  const bytes = Buffer.from(name, 'base64');
  const text = voucherText({ cluster, agent, publicKey: bytes.subarray(0, 32).toString('base64') });
  return verify(null, Buffer.from(text), by, bytes.subarray(32));
}

test('an agent gets a key of its own each time, vouched for under its id in this cluster', () => {
  const [first, second] = [keys.issue(AGENT), keys.issue(AGENT)];
  expect(first.privateKey).not.toBe(second.privateKey);
  const signer = readSigner(first.name, first.privateKey);
  expect(first.name).toMatch(VOUCHED_KEY);
  const raw = createPublicKey(signer.privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  expect(Buffer.from(first.name, 'base64').subarray(0, 32).equals(raw)).toBe(true);
  const own = createPublicKey(ours.privateKey);
  expect(isVouched(first.name, AGENT, 'demo', own)).toBe(true);
  expect(isVouched(first.name, `${AGENT}c`, 'demo', own)).toBe(false);
  expect(isVouched(first.name, AGENT, 'another', own)).toBe(false);
  expect(isVouched(first.name, AGENT, 'demo', createPublicKey(signer.privateKey))).toBe(false);
});

describe('the key that vouches', () => {
  const variables = (list?: string) => ({
    WHOOSH_AGENT_VOUCHER_KEY: new Secret(pem),
    BACKBEAT_KEYS: list,
  });

  test('stands in the list of trusted keys for all that are started here, where there is one', () => {
    expect(voucherProblems({})).toEqual([]);
    expect(voucherProblems(variables())).toEqual([]);
    expect(voucherProblems(variables(trustedKeyLine(ours, 'whoosh-*')))).toEqual([]);
    expect(voucherProblems(variables(trustedKeyLine(ours, 'who*')))).toEqual([]);
    const other = readSigner('ours', newPrivateKey());
    for (const line of [trustedKeyLine(ours, 'whoosh-qa*'), trustedKeyLine(other, 'whoosh-*')]) {
      expect(readTrustedKeys(line).size).toBe(1);
      expect(voucherProblems(variables(line))).toEqual([
        'WHOOSH_AGENT_VOUCHER_KEY: BACKBEAT_KEYS must have its public key, with the owner whoosh-*',
      ]);
    }
  });

  test('is an Ed25519 key, and what it holds instead is not told', () => {
    const problems = voucherProblems({ WHOOSH_AGENT_VOUCHER_KEY: new Secret('hunter2') });
    expect(problems).toEqual([expect.stringMatching(/^WHOOSH_AGENT_VOUCHER_KEY: must be/)]);
    expect(problems.join()).not.toContain('hunter2');
  });

  test('does not hide a list that cannot be read', () => {
    expect(voucherProblems(variables('a line of nonsense that nobody reads'))).toEqual([]);
  });
});
