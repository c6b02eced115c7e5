import { type Log } from '@whoosh/telemetry';
import { keptSince, type ReportStore } from './store/reports.ts';

/** Rows that one step deletes: no more work than a report may wait for. */
export const SWEEP_ROWS_MAX = 1_000;
const SWEEP_EVERY_MS = 3_600_000;

export interface SweepOptions {
  readonly store: Pick<ReportStore, 'deleteOlderThan'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Unix milliseconds; the system's, unless a test moves them. */
  readonly nowMs?: () => number;
  readonly rowsMax?: number;
}

/**
 * Takes reports that are too old out of `bar_reports`, step by step: after a step that found as many as it may take the
 * next one goes on, after any other one it rests for an hour. Never fails: an old row may wait.
 */
export class Sweep {
  readonly #options: SweepOptions;
  readonly #nowMs: () => number;
  #dueAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  /** Tells how many it deleted; undefined when it rests. */
  async step(): Promise<number | undefined> {
    const { store, log, rowsMax = SWEEP_ROWS_MAX } = this.#options;
    const nowMs = this.#nowMs();
    const restMs = this.#dueAtMs - nowMs;
    // Longer than an hour is a clock that was set back.
    if (restMs > 0 && restMs <= SWEEP_EVERY_MS) return undefined;
    try {
      const rows = await store.deleteOlderThan(keptSince(nowMs), rowsMax);
      if (rows > 0) log.info({ rows }, 'reports that were kept long enough are deleted');
      if (rows < rowsMax) this.#dueAtMs = nowMs + SWEEP_EVERY_MS;
      return rows;
    } catch (cause) {
      log.warn({ err: cause }, 'old reports could not be deleted');
      this.#dueAtMs = nowMs + SWEEP_EVERY_MS;
      return 0;
    }
  }
}
