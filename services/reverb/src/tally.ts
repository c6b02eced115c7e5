import { type Log } from '@whoosh/telemetry';
import { type Broken, INVALID_REASONS, type InvalidReason } from './domain/entry.ts';
import { type Applied } from './domain/window-book.ts';
import { type ReverbMetrics } from './metrics.ts';

/** Seconds over which the rate of claims is told. */
const RATE_SECONDS = 5;
/** The lag is measured at every so many claims: a histogram costs more than the claim itself. */
const LAG_SAMPLE = 64;

const IS_CLAIM: Readonly<Record<Applied['kind'], boolean>> = {
  added: true,
  copy: true,
  late: true,
  invalid: true,
  rotation: false,
  broken: false,
  closed: false,
  stale_marker: false,
};

/** Counts claims in plain numbers and hands them to the metrics once a second: there may be 100,000 in it. */
export class Tally {
  readonly #metrics: ReverbMetrics;
  readonly #log: Pick<Log, 'warn'>;
  readonly #invalid: Record<InvalidReason, number>;
  readonly #invalidTold: Record<InvalidReason, number>;
  readonly #broken = new Map<string, { readonly broken: Broken; count: number; told: number }>();
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

  /** Messages other than claims that were left aside, as `kind_reason`. */
  get brokenByKind(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#broken].map(([key, { count }]) => [key, count]));
  }

  broken(broken: Broken, count: number): void {
    const key = `${broken.what}_${broken.reason}`;
    const known = this.#broken.get(key);
    if (known === undefined) this.#broken.set(key, { broken, count, told: 0 });
    else known.count += count;
  }

  note(applied: Applied, storedAtMs: number): void {
    if (applied.kind === 'closed') this.#invalid.ahead += applied.window.ahead;
    if (applied.kind === 'broken') this.broken(applied, 1);
    if (!IS_CLAIM[applied.kind]) return;
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
    this.#tellBroken();
    if (this.#late > this.#lateTold)
      this.#log.warn(
        { count: this.#late - this.#lateTold },
        'StatusClaims came after their window was closed',
      );
    this.#processedTold = this.#processed;
    this.#lateTold = this.#late;
  }
  #tellBroken(): void {
    for (const known of this.#broken.values()) {
      const count = known.count - known.told;
      if (count === 0) continue;
      const { what: kind, reason } = known.broken;
      this.#metrics.messagesInvalid.inc({ kind, reason }, count);
      // Of a frame that it refuses the listener says so itself.
      if (kind !== 'beat') this.#log.warn({ kind, reason, count }, 'messages were left aside');
      known.told = known.count;
    }
  }
}
