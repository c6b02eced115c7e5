/** When the last ticks were, by their number: the lease is counted from the tick a heartbeat was sent after. */
export class TickTimes {
  readonly #times: number[];
  #last = 0;

  /** Remembers `size` ticks; tick 0 is the start. */
  constructor(size: number, startMs: number) {
    this.#times = Array.from({ length: size }, () => startMs);
  }

  push(nowMs: number): void {
    this.#last += 1;
    this.#times[this.#last % this.#times.length] = nowMs;
  }

  /** `undefined` when that tick is forgotten or has not come. */
  at(tick: number): number | undefined {
    if (tick > this.#last || tick <= this.#last - this.#times.length) return undefined;
    return this.#times[tick % this.#times.length];
  }
}
