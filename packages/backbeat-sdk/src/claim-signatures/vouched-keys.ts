import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { VOUCHED_PUBLIC_KEY_BYTES, voucherText } from '@whoosh/contracts';

/** Keys that are remembered as vouched for; the one that came first goes. An agent has one for its whole life. */
const REMEMBERED_MAX = 10_000;
/** A raw key as a SubjectPublicKeyInfo begins with these bytes (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** A key that a claim brought along, and who may have vouched for it. */
export interface VouchedKey {
  /** The header's text: Base64 of the key and its voucher. */
  readonly credential: string;
  readonly agent: string;
  /** Places of listed keys. */
  readonly vouchers: readonly number[];
}

interface Remembered {
  readonly key: KeyObject;
  readonly voucher: number;
}

/** Keys that listed ones vouch for. Each is verified once and remembered, so that a claim costs one verification. */
export class VouchedKeys {
  readonly #clusterId: string;
  readonly #listed: readonly KeyObject[];
  readonly #rememberedMax: number;
  readonly #remembered = new Map<string, Remembered>();

  constructor(clusterId: string, listed: readonly KeyObject[], rememberedMax = REMEMBERED_MAX) {
    this.#clusterId = clusterId;
    this.#listed = listed;
    this.#rememberedMax = rememberedMax;
  }

  get remembered(): number {
    return this.#remembered.size;
  }

  /** Undefined when none of those who may has vouched for it. */
  find(vouched: VouchedKey): KeyObject | undefined {
    const name = `${vouched.agent} ${vouched.credential}`;
    const known = this.#remembered.get(name);
    // The time of the key that vouched for it may be over meanwhile.
    if (known !== undefined && vouched.vouchers.includes(known.voucher)) return known.key;
    const verified = this.#verified(vouched);
    if (verified === undefined) return undefined;
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size >= this.#rememberedMax && oldest !== undefined) this.#remembered.delete(oldest);
    this.#remembered.set(name, verified);
    return verified.key;
  }

  #verified({ credential, agent, vouchers }: VouchedKey): Remembered | undefined {
    const bytes = Buffer.from(credential, 'base64');
    const raw = bytes.subarray(0, VOUCHED_PUBLIC_KEY_BYTES);
    const signature = bytes.subarray(VOUCHED_PUBLIC_KEY_BYTES);
    const text = voucherText({ cluster: this.#clusterId, agent, publicKey: raw.toString('base64') });
    const voucher = vouchers.find((place) => {
      const listed = this.#listed[place];
      return listed !== undefined && verify(null, Buffer.from(text), listed, signature);
    });
    if (voucher === undefined) return undefined;
    const spki = Buffer.concat([SPKI_PREFIX, raw]);
    return { key: createPublicKey({ key: spki, format: 'der', type: 'spki' }), voucher };
  }
}
