import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { kindOf, type StoredMessage } from './stored-message.ts';

/** The keys as somebody else keeps them, for a recomputation of signed claims. */
export interface SignatureRules {
  readonly keys: readonly { readonly name: string; readonly owner: string; readonly publicKey: KeyObject }[];
  readonly required: boolean;
}

export const NO_SIGNATURES: SignatureRules = { keys: [], required: false };

const RAW_KEY_BYTES = 32;
/** A raw key and the signature that vouches for it. */
const CREDENTIAL_BYTES = 96;

/** Of a claim or rotation; markers are not signed. */
export function verdictOf(
  message: StoredMessage,
  { keys, required }: SignatureRules,
): 'believed' | 'unsigned' | 'signature' {
  const { subject, text, key = '', signature } = message;
  const [, cluster = '', , agent = ''] = subject.split('.');
  const kind = kindOf(message);
  if (keys.length === 0 || kind === 'close') return 'believed';
  if (signature === undefined) return required ? 'unsigned' : 'believed';
  const owner = kind === 'rotation' ? '@rotation' : agent;
  const known = keys.find(({ name }) => name === key);
  const brought = known === undefined && kind === 'claim' ? vouchedKey(key, agent, cluster, keys) : undefined;
  const publicKey = known?.owner === owner ? known.publicKey : brought;
  const isGenuine =
    publicKey !== undefined && verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64'));
  return isGenuine ? 'believed' : 'signature';
}

/** The key that a claim of `agent` brought along, if one of these has vouched for it. */
function vouchedKey(
  credential: string,
  agent: string,
  cluster: string,
  listed: SignatureRules['keys'],
): KeyObject | undefined {
  const bytes = Buffer.from(credential, 'base64');
  if (bytes.length !== CREDENTIAL_BYTES || bytes.toString('base64') !== credential) return undefined;
  const [raw, voucher] = [bytes.subarray(0, RAW_KEY_BYTES), bytes.subarray(RAW_KEY_BYTES)];
  const text = Buffer.from(`backbeat.voucher.v1\n${cluster}\n${agent}\n${raw.toString('base64')}`);
  const isVouched = listed.some(
    ({ owner, publicKey }) =>
      owner.endsWith('*') && agent.startsWith(owner.slice(0, -1)) && verify(null, text, publicKey, voucher),
  );
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  return isVouched ? createPublicKey({ key: jwk, format: 'jwk' }) : undefined;
}
