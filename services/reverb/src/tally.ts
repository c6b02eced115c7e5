import { type Log } from '@whoosh/telemetry';
import { INVALID_REASONS, type InvalidReason } from './domain/entry.ts';
import { type Applied } from './domain/window-book.ts';
import { type ReverbMetrics } from './metrics.ts';

/** Seconds over which the rate of claims is told. */
const RATE_SECONDS = 5;
/** The lag is measured at every so many claims: a histogram costs more than the claim itself. */
const LAG_SAMPLE = 64;

/** Counts claims in plain numbers and hands them to the metrics once a second: there may be 100,000 in it. */
export class Tally {
  readonly #metrics: ReverbMetrics;
  readonly #log: Pick<Log, 'warn'>;
  readonly #invalid: Record<InvalidReason, number>;
  readonly #invalidTold: Record<InvalidReason, number>;
  #processed = 0;
  #processedTold = 0;
  #late = 0;
  #lateTold = 0;
  #rates: number[] = [];

  constructor(metrics: ReverbMetrics, log: Pick<Log, 'warn'>) {
    this.#metrics = metrics;
    this.#log = log;
    this.#invalid = Object.fromEntries(INVALID_REASONS.map((reason) => [reason, 0])) as Record<
      InvalidReason,
      number
    >;
    this.#invalidTold = { ...this.#invalid };
  }

  get claimsPerSecond(): number {
    return this.#rates.length === 0 ? 0 : this.#rates.reduce((sum, rate) => sum + rate) / this.#rates.length;
  }

  get invalidByReason(): Readonly<Record<InvalidReason, number>> {
    return { ...this.#invalid };
  }

  note(applied: Applied, storedAtMs: number): void {
    if (applied.kind === 'closed') this.#invalid.ahead += applied.window.ahead;
    if (applied.kind === 'rotation' || applied.kind === 'closed' || applied.kind === 'stale_marker') return;
    this.#processed += 1;
    if (applied.kind === 'late') this.#late += 1;
    if (applied.kind === 'invalid') this.#invalid[applied.reason] += 1;
    if (this.#processed % LAG_SAMPLE === 1)
      this.#metrics.claimLag.observe(Math.max(0, Date.now() - storedAtMs) / 1_000);
  }

  /** Once a second; so a flood of broken claims is one line a second and reason. */
  tell(): void {
    this.#rates = [...this.#rates, this.#processed - this.#processedTold].slice(-RATE_SECONDS);
    this.#metrics.claimsProcessed.inc(this.#processed - this.#processedTold);
    this.#metrics.claimsLate.inc(this.#late - this.#lateTold);
    for (const reason of INVALID_REASONS) {
      const count = this.#invalid[reason] - this.#invalidTold[reason];
      this.#metrics.claimsInvalid.inc({ reason }, count);
      if (count > 0) this.#log.warn({ reason, count }, 'StatusClaims were refused');
      this.#invalidTold[reason] = this.#invalid[reason];
    }
    this.#processedTold = this.#processed;
    this.#lateTold = this.#late;
  }
}
