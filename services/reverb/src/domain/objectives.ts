/** Over this time an objective is judged. */
const JUDGED_MS = 5 * 60_000;
/** BACKBEAT-PER-002: the report is there within one beat after the downbeat. */
const ROLLUP_BEATS_MAX = 1;
/** BACKBEAT-PER-003: one percent of the window's length. */
const DRIFT_PART_MAX = 0.01;
/** This part of the windows must be within. */
const QUANTILE = 0.95;

interface Judged {
  readonly atMs: number;
  readonly isRollupMet: boolean;
  readonly isDriftMet: boolean;
}

/** Whether the last five minutes kept the service's objectives. */
export class Objectives {
  #windows: Judged[] = [];

  add(window: { delayMs: number; beatMs: number; beats: number; driftMs: number }, nowMs: number): void {
    const isRollupMet = window.delayMs <= ROLLUP_BEATS_MAX * window.beatMs;
    const isDriftMet = Math.abs(window.driftMs) <= DRIFT_PART_MAX * window.beats * window.beatMs;
    this.#windows = [
      ...this.#windows.filter(({ atMs }) => nowMs - atMs <= JUDGED_MS),
      { atMs: nowMs, isRollupMet, isDriftMet },
    ];
  }

  met(nowMs: number): { rollup: boolean; drift: boolean } {
    const recent = this.#windows.filter(({ atMs }) => nowMs - atMs <= JUDGED_MS);
    const isMet = (failed: number): boolean => failed <= (1 - QUANTILE) * recent.length;
    return {
      rollup: isMet(recent.filter(({ isRollupMet }) => !isRollupMet).length),
      drift: isMet(recent.filter(({ isDriftMet }) => !isDriftMet).length),
    };
  }
}
