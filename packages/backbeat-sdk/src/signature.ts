import { type KeyObject, sign, verify } from 'node:crypto';
import { type MsgHdrs } from '@nats-io/nats-core';

export const SIGNATURE_HEADER = 'Backbeat-Signature';
export const KEY_HEADER = 'Backbeat-Key';

/** Whose messages are believed: Ed25519 public keys by the name that the header `Backbeat-Key` carries. */
export interface SignaturePolicy {
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** Refuses what is not signed; without it only a wrong signature is refused. */
  readonly required: boolean;
}

export interface Signer {
  readonly keyName: string;
  readonly privateKey: KeyObject;
}

export type SignatureVerdict = 'ok' | 'unsigned' | 'bad_signature';

export function checkSignature(
  policy: SignaturePolicy | undefined,
  payload: Uint8Array,
  headers: MsgHdrs | undefined,
): SignatureVerdict {
  if (policy === undefined || (policy.keys.size === 0 && !policy.required)) return 'ok';
  const signature = headers?.get(SIGNATURE_HEADER) ?? '';
  if (signature === '') return policy.required ? 'unsigned' : 'ok';
  const key = policy.keys.get(headers?.get(KEY_HEADER) ?? '');
  if (key === undefined) return 'bad_signature';
  return verify(null, payload, key, Buffer.from(signature, 'base64')) ? 'ok' : 'bad_signature';
}

export function addSignature(signer: Signer | undefined, payload: Uint8Array, headers: MsgHdrs): void {
  if (signer === undefined) return;
  headers.set(KEY_HEADER, signer.keyName);
  headers.set(SIGNATURE_HEADER, sign(null, payload, signer.privateKey).toString('base64'));
}
