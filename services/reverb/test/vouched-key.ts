import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** The key that a claim of `agent` brought along, if one of these has vouched for it. */
export function vouchedKey(
  credential: string,
  agent: string,
  cluster: string,
  listed: readonly { readonly owner: string; readonly publicKey: KeyObject }[],
): KeyObject | undefined {
  const bytes = Buffer.from(credential, 'base64');
  if (bytes.length !== 96 || bytes.toString('base64') !== credential) return undefined;
  const [raw, voucher] = [bytes.subarray(0, 32), bytes.subarray(32)];
  const text = Buffer.from(`backbeat.voucher.v1\n${cluster}\n${agent}\n${raw.toString('base64')}`);
  const isVouched = listed.some(
    ({ owner, publicKey }) =>
      owner.endsWith('*') && agent.startsWith(owner.slice(0, -1)) && verify(null, text, publicKey, voucher),
  );
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  return isVouched ? createPublicKey({ key: jwk, format: 'jwk' }) : undefined;
}
