const STEPS_PER_MS = 100;

/** How often each value occurred, to a hundredth of a millisecond. */
export class Counts {
  readonly #counts = new Map<number, number>();

  add(ms: number): void {
    const step = Math.round(ms * STEPS_PER_MS);
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + 1);
  }

  /** Steps and their counts, for the wire. */
  list(): readonly (readonly [number, number])[] {
    return [...this.#counts];
  }

  addAll(list: readonly (readonly [number, number])[]): void {
    for (const [step, count] of list) this.#counts.set(step, (this.#counts.get(step) ?? 0) + count);
  }

  get total(): number {
    let total = 0;
    for (const count of this.#counts.values()) total += count;
    return total;
  }

  /** The value in milliseconds below which this share of all lies. */
  quantile(share: number): number {
    const steps = [...this.#counts].toSorted(([a], [b]) => a - b);
    let left = Math.max(1, Math.ceil(share * this.total));
    for (const [step, count] of steps) {
      left -= count;
      if (left <= 0) return step / STEPS_PER_MS;
    }
    return Number.NaN;
  }
}
