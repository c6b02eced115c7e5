import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Who speaks on a connection, proved by knowledge of a shared secret without sending it. The listener opens with
 * a nonce; the dialer answers with its own nonce, the names, the digest of cluster and voters, and a code over all
 * of it, two while the secret is being rotated; the listener proves itself likewise. Frames then carry a code under
 * a key of this connection alone, and their number, so that none can be repeated, left out or moved elsewhere.
 * `secrets.ts` says which secret counts.
 */
export const NONCE_BYTES = 16;
export const CODE_BYTES = 32;
export const PROTOCOL = Buffer.from('raft-ts/1');
const CODE_IN_HEX = /^[0-9a-f]{64}$/;

export interface Introduction {
  readonly digest: Buffer;
  readonly from: string;
  readonly to: string;
  readonly listenerNonce: Buffer;
  readonly dialerNonce: Buffer;
}

/** Codes of a dialer, under its secret and under the one before it. */
export interface Proofs {
  readonly current: Buffer;
  readonly previous: Buffer | undefined;
}

type Purpose = 'dialer' | 'dialer, previous' | 'listener' | 'frames';

/** `beside`: the other code of the same introduction, which this one then covers. */
export function code(secret: string, purpose: Purpose, who: Introduction, beside?: Buffer): Buffer {
  const covered = beside === undefined ? [] : [beside.toString('hex')];
  const names = Buffer.from(JSON.stringify([purpose, who.from, who.to, ...covered]));
  return createHmac('sha256', secret)
    .update(PROTOCOL)
    .update(who.digest)
    .update(who.listenerNonce)
    .update(who.dialerNonce)
    .update(names)
    .digest();
}

export function codesEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

/** Codes of the frames of one connection, in order. */
export class FrameCodes {
  readonly #key: Buffer;
  #sequence = 0;

  constructor(key: Buffer) {
    this.#key = key;
  }

  next(content: Uint8Array): Buffer {
    const number = Buffer.alloc(8);
    number.writeDoubleLE(this.#sequence);
    this.#sequence += 1;
    return createHmac('sha256', this.#key).update(number).update(content).digest();
  }
}

export function encodeIntroduction(who: Introduction, { current, previous }: Proofs): Buffer {
  const more = previous === undefined ? [] : [previous.toString('hex')];
  const names = Buffer.from(JSON.stringify([who.from, who.to, ...more]));
  return Buffer.concat([PROTOCOL, who.digest, who.dialerNonce, current, names]);
}

/** What a dialer says of itself; `undefined` when it does not speak this protocol. */
export function decodeIntroduction(
  content: Buffer,
  listenerNonce: Buffer,
): { readonly who: Introduction; readonly proofs: Proofs } | undefined {
  const fixed = PROTOCOL.byteLength + 32 + NONCE_BYTES + CODE_BYTES;
  if (content.byteLength <= fixed || !content.subarray(0, PROTOCOL.byteLength).equals(PROTOCOL))
    return undefined;
  let at = PROTOCOL.byteLength;
  const take = (length: number): Buffer => content.subarray(at, (at += length));
  const [digest, dialerNonce, current] = [take(32), take(NONCE_BYTES), take(CODE_BYTES)];
  try {
    const names: unknown = JSON.parse(content.subarray(at).toString('utf8'));
    const [from, to, more]: unknown[] = Array.isArray(names) ? names : [];
    if (typeof from !== 'string' || typeof to !== 'string') return undefined;
    if (more !== undefined && (typeof more !== 'string' || !CODE_IN_HEX.test(more))) return undefined;
    const previous = more === undefined ? undefined : Buffer.from(more, 'hex');
    return { who: { digest, from, to, listenerNonce, dialerNonce }, proofs: { current, previous } };
  } catch {
    return undefined;
  }
}
