import { type MonotonicClock } from '../monotonic-clock.ts';

/** Time that passes only when a test says so. */
export class ManualClock implements MonotonicClock {
  #nowMs = 0;
  readonly #waiting = new Set<{ readonly timeMs: number; readonly callback: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  at(timeMs: number, callback: () => void): () => void {
    const wait = { timeMs, callback };
    this.#waiting.add(wait);
    return () => void this.#waiting.delete(wait);
  }

  /** Lets this much time pass; what is due by then is called in the order of its time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#waiting].filter(({ timeMs }) => timeMs <= untilMs);
      const [next] = due.sort((one, other) => one.timeMs - other.timeMs);
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.timeMs);
      next.callback();
    }
    this.#nowMs = untilMs;
  }
}
