/**
 * Lets the first of each kind through and then one per interval, with the number of those it held back in between. What
 * anybody may publish must not be able to fill a log.
 */
export class OnceAWhile<Kind extends string> {
  readonly #intervalMs: number;
  readonly #kinds = new Map<Kind, { atMs: number; heldBack: number }>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** The number held back since the last one that was let through; undefined for one that is held back. */
  pass(kind: Kind, nowMs: number): number | undefined {
    const known = this.#kinds.get(kind);
    if (known !== undefined && nowMs - known.atMs < this.#intervalMs) {
      known.heldBack += 1;
      return undefined;
    }
    this.#kinds.set(kind, { atMs: nowMs, heldBack: 0 });
    return known?.heldBack ?? 0;
  }
}
