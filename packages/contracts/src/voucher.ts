/**
 * The key of an agent whose id nobody knows beforehand, so that it stands in no list: its claims bring it along, with the
 * word of a listed key for it. `Backbeat-Key` then carries Base64 of the 32 bytes of the public key and the 64 of the
 * voucher: an Ed25519 signature over `voucherText`, by a listed key whose owner is what the agent's id begins with and `*`.
 */
export const VOUCHED_KEY = /^[A-Za-z0-9+/]{128}$/;
export const VOUCHED_PUBLIC_KEY_BYTES = 32;

/** Of one key for one agent of one cluster, so that it is good for no other. */
export interface Vouched {
  readonly cluster: string;
  readonly agent: string;
  /** Base64 of the 32 bytes, with padding. */
  readonly publicKey: string;
}

/** What a voucher signs. No id holds a line end, and nothing else that is signed begins so. */
export function voucherText({ cluster, agent, publicKey }: Vouched): string {
  return `backbeat.voucher.v1\n${cluster}\n${agent}\n${publicKey}`;
}
