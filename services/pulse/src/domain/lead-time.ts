const SAMPLES_MAX = 128;
const LEAD_MS_START = 20;
const LEAD_MS_MIN = 10;
const LEAD_MS_MAX = 50;
/** A reservation begins this many times the slow commits ahead of its beat. */
const COMMITS = 5;
const QUANTILE = 0.99;
const SAMPLES_FOR_QUANTILE_MIN = 20;

/** How long before a beat its reservation is proposed: tuned to what commits take here. */
export class LeadTime {
  readonly #commitsMs: number[] = [];
  #leadMs = LEAD_MS_START;

  get ms(): number {
    return this.#leadMs;
  }

  /** One reservation took this long from proposal to application. */
  observe(commitMs: number): void {
    this.#commitsMs.push(commitMs);
    if (this.#commitsMs.length > SAMPLES_MAX) this.#commitsMs.shift();
    if (this.#commitsMs.length < SAMPLES_FOR_QUANTILE_MIN) return;
    const sorted = this.#commitsMs.toSorted((left, right) => left - right);
    const slow = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * QUANTILE))] as number;
    this.#leadMs = Math.min(LEAD_MS_MAX, Math.max(LEAD_MS_MIN, slow * COMMITS));
  }
}
