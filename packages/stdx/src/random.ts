import { assert } from './assert.ts';

/** A seeded source of chance: the same seed gives the same run (SplitMix32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  }

  /** An integer in [min, max], both included. */
  int(min: number, max: number): number {
    assert(Number.isInteger(min) && Number.isInteger(max) && min <= max, 'int() needs integers, min <= max');
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** True with the given probability; 0 is never, 1 is always. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One element; the list may not be empty. */
  pick<T>(from: readonly T[]): T {
    assert(from.length > 0, 'pick() needs an element');
    return from[this.int(0, from.length - 1)] as T;
  }

  /** A shuffled copy (Fisher-Yates); the argument stays as it is. */
  shuffle<T>(from: readonly T[]): T[] {
    const shuffled = [...from];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.int(0, last);
      [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
    }
    return shuffled;
  }
}
