import { type KeyObject, sign, verify } from 'node:crypto';
import { type MsgHdrs } from '@nats-io/nats-core';

export const SIGNATURE_HEADER = 'Backbeat-Signature';
export const KEY_HEADER = 'Backbeat-Key';
/** Owner of the keys that sign BeatFrames. */
export const PULSE_OWNER = '@pulse';
/** Owner of the keys that sign rotations. */
export const ROTATION_OWNER = '@rotation';

/** A key whose signatures are believed, for what its owner says and until its time is over. */
export interface TrustedKey {
  readonly owner: string;
  readonly key: KeyObject;
  /** Unix milliseconds. */
  readonly untilMs: number;
}

/** Whose messages are believed: keys by the name that the header `Backbeat-Key` carries, see `readTrustedKeys`. */
export interface SignaturePolicy {
  readonly keys: ReadonlyMap<string, TrustedKey>;
  /** Refuses what is not signed; without it only a wrong signature is refused. */
  readonly required: boolean;
}

export interface Signer {
  readonly keyName: string;
  readonly privateKey: KeyObject;
}

export type SignatureVerdict = 'ok' | 'unsigned' | 'bad_signature';

/** Whether the key speaks for `who`: an agent_id, `@pulse` or `@rotation`. */
export function isOwner({ owner }: Pick<TrustedKey, 'owner'>, who: string): boolean {
  return owner.endsWith('*') ? !who.startsWith('@') && who.startsWith(owner.slice(0, -1)) : owner === who;
}

/** Whether `owner` has said this. A key of somebody else is as good as none. */
export function checkSignature(
  policy: SignaturePolicy | undefined,
  owner: string,
  message: { readonly payload: Uint8Array; readonly headers: MsgHdrs | undefined; readonly nowMs: number },
): SignatureVerdict {
  if (policy === undefined || (policy.keys.size === 0 && !policy.required)) return 'ok';
  const { payload, headers, nowMs } = message;
  const signature = headers?.get(SIGNATURE_HEADER) ?? '';
  if (signature === '') return policy.required ? 'unsigned' : 'ok';
  const trusted = policy.keys.get(headers?.get(KEY_HEADER) ?? '');
  if (trusted === undefined || !isOwner(trusted, owner) || nowMs >= trusted.untilMs) return 'bad_signature';
  return isSigned(payload, trusted.key, signature) ? 'ok' : 'bad_signature';
}

interface Checked {
  readonly payload: Uint8Array;
  readonly key: KeyObject;
  readonly signature: string;
  readonly isSigned: boolean;
}

let lastChecked: Checked | undefined;

/** A frame comes over every connection of a process, and is checked once: the same bytes, key and signature. */
function isSigned(payload: Uint8Array, key: KeyObject, signature: string): boolean {
  const last = lastChecked;
  if (last !== undefined && last.key === key && last.signature === signature) {
    if (Buffer.compare(last.payload, payload) === 0) return last.isSigned;
  }
  const verdict = verify(null, payload, key, Buffer.from(signature, 'base64'));
  lastChecked = { payload: payload.slice(), key, signature, isSigned: verdict };
  return verdict;
}

export function addSignature(signer: Signer | undefined, payload: Uint8Array, headers: MsgHdrs): void {
  if (signer === undefined) return;
  headers.set(KEY_HEADER, signer.keyName);
  headers.set(SIGNATURE_HEADER, sign(null, payload, signer.privateKey).toString('base64'));
}
