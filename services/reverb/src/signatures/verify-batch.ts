import { type KeyObject, verify } from 'node:crypto';
import { assert } from '@whoosh/stdx';
import { SIGNATURE_BYTES } from './signature-rule.ts';

/** Signatures that are verified in one go: about ten milliseconds of one core. */
export const BATCH_SIGNATURES_MAX = 128;

/** Payloads, signatures and keys of one batch, laid out so that a thread gets them without a copy. */
export interface VerifyBatch {
  readonly payloads: Uint8Array<ArrayBuffer>;
  /** Where each payload ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly signatures: Uint8Array<ArrayBuffer>;
  readonly keyIndices: Uint32Array<ArrayBuffer>;
}

export interface ToVerify {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly keyIndex: number;
}

export function batchOf(questions: readonly ToVerify[]): VerifyBatch {
  const bytes = questions.reduce((sum, { payload }) => sum + payload.byteLength, 0);
  const payloads = new Uint8Array(bytes);
  const ends = new Uint32Array(questions.length);
  const signatures = new Uint8Array(questions.length * SIGNATURE_BYTES);
  const keyIndices = new Uint32Array(questions.length);
  let at = 0;
  for (const [i, { payload, signature, keyIndex }] of questions.entries()) {
    payloads.set(payload, at);
    at += payload.byteLength;
    ends[i] = at;
    signatures.set(signature, i * SIGNATURE_BYTES);
    keyIndices[i] = keyIndex;
  }
  return { payloads, ends, signatures, keyIndices };
}

/** Verifies Ed25519 signatures (RFC 8032). */
export class Verifier {
  readonly #publicKeys: readonly KeyObject[];

  constructor(publicKeys: readonly KeyObject[]) {
    this.#publicKeys = publicKeys;
  }

  isGenuine({ payload, signature, keyIndex }: ToVerify): boolean {
    const key = this.#publicKeys[keyIndex];
    assert(key !== undefined, 'a question names a key of the ring');
    return verify(null, payload, key, signature);
  }

  /** One byte per signature: 1 for a genuine one. */
  verdicts({ payloads, ends, signatures, keyIndices }: VerifyBatch): Uint8Array<ArrayBuffer> {
    const verdicts = new Uint8Array(ends.length);
    let from = 0;
    for (const [i, end] of ends.entries()) {
      const isGenuine = this.isGenuine({
        payload: payloads.subarray(from, end),
        signature: signatures.subarray(i * SIGNATURE_BYTES, (i + 1) * SIGNATURE_BYTES),
        keyIndex: keyIndices[i] ?? 0,
      });
      verdicts[i] = isGenuine ? 1 : 0;
      from = end;
    }
    return verdicts;
  }
}
