import { VOUCHED_KEY } from '@whoosh/contracts';
import { isOwner, KEY_HEADER, SIGNATURE_HEADER, type SignaturePolicy } from '../signature.ts';
import { KeyRing } from './key-ring.ts';
import { type VouchedKey } from './vouched-keys.ts';

export const SIGNATURE_BYTES = 64;

/** Base64 of 64 bytes, with or without its padding. */
const SIGNATURE_TEXT = /^[A-Za-z0-9+/_-]{86}(?:==)?$/;

export interface SignatureSettings {
  readonly keys: KeyRing;
  /** Refuses what is not signed. Without it only a signature that is there and wrong is refused. */
  readonly isRequired: boolean;
}

/** Of whoever is told a policy; undefined, as without one, where nothing is checked. */
export function claimSignatures(policy: SignaturePolicy | undefined): SignatureSettings | undefined {
  return policy && { keys: new KeyRing(policy.keys), isRequired: policy.required };
}

/** The part of a message's headers that is read. */
export interface HeaderSource {
  get(name: string): string;
}

/** Who is said to have said it, and when. */
export interface Said {
  /** An agent_id or `@rotation`. */
  readonly owner: string;
  /** Unix milliseconds. Whoever must judge a message again as it was goes by the time of the broker. */
  readonly atMs: number;
}

/** What a verifier is asked: whether the owner of this key, listed or vouched for, made this signature. */
export type SignatureQuestion = { readonly signature: Uint8Array } & (
  { readonly keyIndex: number } | { readonly vouched: VouchedKey }
);

/** `unsigned` and `signature` refuse the message, `none` asks nothing. */
export type SignatureAsked = SignatureQuestion | 'none' | 'unsigned' | 'signature';

/**
 * What has to be known about the signature of a message. It depends on nothing but its headers, who is said to have said it
 * when, and the keys, so that whoever has the same keys comes to the same.
 */
export function askSignature(
  { keys, isRequired }: SignatureSettings,
  { owner, atMs }: Said,
  headers: HeaderSource | undefined,
): SignatureAsked {
  const text = headers?.get(SIGNATURE_HEADER) ?? '';
  if (text === '') return isRequired ? 'unsigned' : 'none';
  if (!SIGNATURE_TEXT.test(text)) return 'signature';
  const name = headers?.get(KEY_HEADER) ?? '';
  const signature = Buffer.from(text, 'base64');
  const key = keys.find(name);
  if (key !== undefined)
    return isOwner(key, owner) && atMs < key.untilMs ? { keyIndex: key.index, signature } : 'signature';
  if (!VOUCHED_KEY.test(name)) return 'signature';
  // Only agents bring their keys along: nobody vouches for an owner that begins with @.
  const vouchers = keys.vouchersOf(owner, atMs);
  return vouchers.length === 0
    ? 'signature'
    : { vouched: { credential: name, agent: owner, vouchers }, signature };
}
