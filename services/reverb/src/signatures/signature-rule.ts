import { isOwner, KEY_HEADER, ROTATION_OWNER, SIGNATURE_HEADER } from '@whoosh/backbeat-sdk';
import { VOUCHED_KEY } from '@whoosh/contracts';
import { type StreamEntry } from '../domain/entry.ts';
import { type KeyRing } from './key-ring.ts';
import { type VouchedKey } from './vouched-keys.ts';

export const SIGNATURE_BYTES = 64;

/** Base64 of 64 bytes, with or without its padding. */
const SIGNATURE_TEXT = /^[A-Za-z0-9+/_-]{86}(?:==)?$/;

export interface SignatureSettings {
  readonly keys: KeyRing;
  /** Refuses what is not signed. Without it only a signature that is there and wrong is refused. */
  readonly isRequired: boolean;
}

/** The part of a message's headers that is read. */
export interface HeaderSource {
  get(name: string): string;
}

/** What a verifier is asked: whether the owner of this key, listed or vouched for, made this signature. */
export type SignatureQuestion = { readonly signature: Uint8Array } & (
  { readonly keyIndex: number } | { readonly vouched: VouchedKey }
);

/** `unsigned` and `signature` refuse the message, `none` asks nothing. */
export type SignatureAsked = SignatureQuestion | 'none' | 'unsigned' | 'signature';

/**
 * What has to be known about the signature of a message. It depends on nothing but the message, its place in the stream
 * and the keys, so that every replica, a restart and a recomputation with the same keys come to the same. Claims and
 * rotations are signed; markers and checkpoints are written by reverb alone, which the broker's permissions hold.
 */
export function askSignature(
  { keys, isRequired }: SignatureSettings,
  entry: StreamEntry,
  headers: HeaderSource | undefined,
): SignatureAsked {
  const owner = ownerOf(entry);
  if (owner === undefined) return 'none';
  const text = headers?.get(SIGNATURE_HEADER) ?? '';
  if (text === '') return isRequired ? 'unsigned' : 'none';
  if (!SIGNATURE_TEXT.test(text)) return 'signature';
  const name = headers?.get(KEY_HEADER) ?? '';
  const key = keys.find(name);
  if (key === undefined) return askVouched(keys, entry, name, text);
  // By the broker's time, so that a claim that is read again is judged as it was.
  if (!isOwner(key, owner) || entry.storedAtMs >= key.untilMs) return 'signature';
  return { keyIndex: key.index, signature: Buffer.from(text, 'base64') };
}

/** Of a claim that brings its key along. */
function askVouched(
  keys: KeyRing,
  entry: StreamEntry,
  credential: string,
  signature: string,
): SignatureAsked {
  if (entry.kind !== 'claim' || !VOUCHED_KEY.test(credential)) return 'signature';
  const { agent } = entry.claim;
  const vouchers = keys.vouchersOf(agent, entry.storedAtMs);
  if (vouchers.length === 0) return 'signature';
  return { vouched: { credential, agent, vouchers }, signature: Buffer.from(signature, 'base64') };
}

function ownerOf(entry: StreamEntry): string | undefined {
  switch (entry.kind) {
    case 'claim':
      return entry.claim.agent;
    case 'rotation':
      return ROTATION_OWNER;
    case 'marker':
    case 'invalid':
    case 'broken':
      return undefined;
  }
}

/** The entry as it is when its signature is not believed. */
export function refused(entry: StreamEntry, reason: 'unsigned' | 'signature'): StreamEntry {
  const { sequence, storedAtMs } = entry;
  if (entry.kind === 'rotation') return { kind: 'broken', what: 'rotation', reason, sequence, storedAtMs };
  return { kind: 'invalid', reason, sequence, storedAtMs };
}
