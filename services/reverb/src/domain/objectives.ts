import { type backbeat } from '@whoosh/contracts';

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
  /** Undefined where a frame at either end was not heard: then nobody knows. */
  readonly isDriftMet: boolean | undefined;
}

export interface ReportedWindow {
  /** From the downbeat that ended it to its report in the stream. */
  readonly delayMs: number;
  readonly beatMs: number;
  readonly beats: number;
  readonly driftMs: number | undefined;
}

/** Length of a beat in the window that the marker closes; markers of old writers say it by their grace alone. */
export function beatMsOf(marker: Pick<backbeat.WindowClose, 'beat_ms' | 'grace_ms'>): number {
  return marker.beat_ms ?? marker.grace_ms * 4;
}

/** Whether a report that is not there yet can still be in time. */
export function isOverdue(delayMs: number, beatMs: number): boolean {
  return delayMs > ROLLUP_BEATS_MAX * beatMs;
}

/** Whether the last five minutes kept the service's objectives. */
export class Objectives {
  #windows: Judged[] = [];

  add({ delayMs, beatMs, beats, driftMs }: ReportedWindow, nowMs: number): void {
    const isRollupMet = !isOverdue(delayMs, beatMs);
    const isDriftMet =
      driftMs === undefined ? undefined : Math.abs(driftMs) <= DRIFT_PART_MAX * beats * beatMs;
    this.#windows = [
      ...this.#windows.filter(({ atMs }) => nowMs - atMs <= JUDGED_MS),
      { atMs: nowMs, isRollupMet, isDriftMet },
    ];
  }

  /** `isReportOverdue`: some report is missing although it ought to be there, so that it is judged before it comes. */
  met(nowMs: number, isReportOverdue = false): { rollup: boolean; drift: boolean } {
    const recent = this.#windows.filter(({ atMs }) => nowMs - atMs <= JUDGED_MS);
    const isMet = (judged: readonly boolean[]): boolean =>
      judged.filter((isKept) => !isKept).length <= (1 - QUANTILE) * judged.length;
    return {
      rollup: !isReportOverdue && isMet(recent.map(({ isRollupMet }) => isRollupMet)),
      drift: isMet(recent.flatMap(({ isDriftMet }) => isDriftMet ?? [])),
    };
  }
}
