import { type KeyObject, verify } from 'node:crypto';
import { assert } from '@whoosh/stdx';
import { SIGNATURE_BYTES, type SignatureQuestion } from './signature-rule.ts';
import { type VouchedKey, VouchedKeys } from './vouched-keys.ts';

/** Signatures that are verified in one go: about ten milliseconds of one core. */
export const BATCH_SIGNATURES_MAX = 128;
/** Instead of a place among the listed keys: the next of those that were brought along. */
const BROUGHT = 0xffff_ffff;

/** What verifiers know: the listed keys, and of which cluster the claims are. */
export interface Trust {
  readonly clusterId: string;
  readonly publicKeys: readonly KeyObject[];
}

/** Payloads, signatures and keys of one batch, laid out so that a thread gets them without a copy. */
export interface VerifyBatch {
  readonly payloads: Uint8Array<ArrayBuffer>;
  /** Where each payload ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly signatures: Uint8Array<ArrayBuffer>;
  readonly keyIndices: Uint32Array<ArrayBuffer>;
  /** Keys that came with their claims, in the order of the batch. */
  readonly brought: readonly VouchedKey[];
}

export type ToVerify = SignatureQuestion & { readonly payload: Uint8Array };

export function batchOf(questions: readonly ToVerify[]): VerifyBatch {
  const bytes = questions.reduce((sum, { payload }) => sum + payload.byteLength, 0);
  const payloads = new Uint8Array(bytes);
  const ends = new Uint32Array(questions.length);
  const signatures = new Uint8Array(questions.length * SIGNATURE_BYTES);
  const keyIndices = new Uint32Array(questions.length);
  const brought: VouchedKey[] = [];
  let at = 0;
  for (const [i, question] of questions.entries()) {
    const { payload, signature } = question;
    payloads.set(payload, at);
    at += payload.byteLength;
    ends[i] = at;
    signatures.set(signature, i * SIGNATURE_BYTES);
    keyIndices[i] = 'keyIndex' in question ? question.keyIndex : BROUGHT;
    if ('vouched' in question) brought.push(question.vouched);
  }
  return { payloads, ends, signatures, keyIndices, brought };
}

/** Verifies Ed25519 signatures (RFC 8032). */
export class Verifier {
  readonly #publicKeys: readonly KeyObject[];
  readonly #vouched: VouchedKeys;

  constructor({ publicKeys, clusterId }: Trust) {
    this.#publicKeys = publicKeys;
    this.#vouched = new VouchedKeys(clusterId, publicKeys);
  }

  isGenuine(question: ToVerify): boolean {
    const key =
      'vouched' in question ? this.#vouched.find(question.vouched) : this.#listed(question.keyIndex);
    return key !== undefined && verify(null, question.payload, key, question.signature);
  }

  /** One byte per signature: 1 for a genuine one. */
  verdicts({ payloads, ends, signatures, keyIndices, brought }: VerifyBatch): Uint8Array<ArrayBuffer> {
    const verdicts = new Uint8Array(ends.length);
    const vouched = brought.values();
    let from = 0;
    for (const [i, end] of ends.entries()) {
      const asked = {
        payload: payloads.subarray(from, end),
        signature: signatures.subarray(i * SIGNATURE_BYTES, (i + 1) * SIGNATURE_BYTES),
      };
      const keyIndex = keyIndices[i] ?? 0;
      const isGenuine = this.isGenuine(
        keyIndex === BROUGHT ? { ...asked, vouched: next(vouched) } : { ...asked, keyIndex },
      );
      verdicts[i] = isGenuine ? 1 : 0;
      from = end;
    }
    return verdicts;
  }

  #listed(keyIndex: number): KeyObject {
    const key = this.#publicKeys[keyIndex];
    assert(key !== undefined, 'a question names a key of the ring');
    return key;
  }
}

function next(vouched: Iterator<VouchedKey, undefined>): VouchedKey {
  const { value } = vouched.next();
  assert(value !== undefined, 'a batch has every key that it says was brought');
  return value;
}
