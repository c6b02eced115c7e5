import { type KeyObject } from 'node:crypto';
import { type TrustedKey } from '@whoosh/backbeat-sdk';

/** A key and its place in `KeyRing.publicKeys`, by which verifiers know it. */
export interface RingKey extends TrustedKey {
  readonly index: number;
}

/** The keys of a cluster's agents, by the name that the header carries. Every replica is given the same ones. */
export class KeyRing {
  readonly publicKeys: readonly KeyObject[];
  readonly #byName: ReadonlyMap<string, RingKey>;

  constructor(keys: ReadonlyMap<string, TrustedKey>) {
    this.publicKeys = [...keys.values()].map(({ key }) => key);
    this.#byName = new Map([...keys].map(([name, key], index) => [name, { ...key, index }]));
  }

  find(name: string): RingKey | undefined {
    return this.#byName.get(name);
  }
}
