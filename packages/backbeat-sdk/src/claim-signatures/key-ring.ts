import { type KeyObject } from 'node:crypto';
import { isOwner, type TrustedKey } from '../signature.ts';

/** Keys that may have vouched for one agent: one, and a second one while it is rotated. Each costs a verification. */
export const VOUCHERS_MAX = 4;

/** A key and its place in `KeyRing.publicKeys`, by which verifiers know it. */
export interface RingKey extends TrustedKey {
  readonly index: number;
}

/** The keys of a cluster's agents, by the name that the header carries. Every replica is given the same ones. */
export class KeyRing {
  readonly publicKeys: readonly KeyObject[];
  readonly #byName: ReadonlyMap<string, RingKey>;
  /** Of processes that speak for many agents. */
  readonly #forMany: readonly RingKey[];

  constructor(keys: ReadonlyMap<string, TrustedKey>) {
    this.publicKeys = [...keys.values()].map(({ key }) => key);
    this.#byName = new Map([...keys].map(([name, key], index) => [name, { ...key, index }]));
    this.#forMany = [...this.#byName.values()].filter(({ owner }) => owner.endsWith('*'));
  }

  find(name: string): RingKey | undefined {
    return this.#byName.get(name);
  }

  /** Places of the keys that may vouch for this agent at this time: who speaks for many may let one speak for itself. */
  vouchersOf(agent: string, atMs: number): readonly number[] {
    const places: number[] = [];
    for (const key of this.#forMany) {
      if (isOwner(key, agent) && atMs < key.untilMs && places.push(key.index) === VOUCHERS_MAX) break;
    }
    return places;
  }
}
