const SAMPLES_MAX = 256;

/** How far from its time each of the last beats was sent, in milliseconds, either way. */
export class Jitter {
  readonly #samples: number[] = [];

  observe(lateMs: number): void {
    this.#samples.push(Math.abs(lateMs));
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  quantiles(): { p50: number; p95: number; p99: number } | null {
    if (this.#samples.length === 0) return null;
    const sorted = this.#samples.toSorted((left, right) => left - right);
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] as number;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}
