import { type backbeat } from '@whoosh/contracts';

/** A claim may be this many beats ahead of the grid. */
export const AHEAD_BEATS_MAX = 1;
/** Timestamps of the broker and the marker writer's clock do not agree to the millisecond. */
const TOLERANCE_BEATS = 0.05;
/** The tempo may rise by a tenth per bar, so counting on with the old one needs room. */
const TEMPO_RISE = 1.1;

/** No tempo is faster than 1,000 BPM, none slower than a tenth of one. */
export const BEAT_MS_MIN = 60;
export const BEAT_MS_MAX = 600_000;
/** From bar to bar the tempo rises or falls by a tenth at most, or by so many BPM. */
export const TEMPO_STEP_MAX = 0.1;
export const TEMPO_STEP_BPM_MIN = 0.1;
/** The claims stream keeps nothing that is older, so no marker needs to tell of an earlier end. */
const ELAPSED_MAX_MS = 4 * 3_600_000;

/** The broker's clock is not faster than the pulse's by more than this. */
const CLOCK_RATE_ERROR_MAX = 0.001;

type Marker = Pick<backbeat.WindowClose, 'from_beat' | 'to_beat' | 'beat_ms' | 'elapsed_ms'>;

/**
 * When a window ended, on the broker's clock, as its marker tells: stored then, this long after the end. The grid
 * of the window follows from it, because tempo changes only at downbeats. Undefined for a marker
 * that does not say; then nothing is ahead.
 */
export interface WindowGrid {
  readonly endAtMs: number;
  readonly beatMs: number;
  readonly toBeat: number;
  /** Of the window; the tempo steps from bar to bar. */
  readonly beats: number;
}

/**
 * The grid of a window that closes, from its marker and the grid of the window before it. A marker that was under
 * way for long makes the end look later than it was and honest claims look early; counting on from the window
 * before bounds that, so the earlier of both holds. Wrong clocks then only make it generous, and no more than the fastest
 * rise of the tempo allows.
 */
export function gridOf(
  marker: Marker,
  storedAtMs: number,
  before: WindowGrid | undefined,
): WindowGrid | undefined {
  const { beat_ms: beatMs, elapsed_ms: elapsedMs, to_beat: toBeat } = marker;
  if (beatMs === undefined || elapsedMs === undefined) return undefined;
  const beats = toBeat - marker.from_beat + 1;
  const toldMs = storedAtMs - Math.min(elapsedMs, ELAPSED_MAX_MS);
  if (before === undefined) return { endAtMs: toldMs, beatMs, toBeat, beats };
  const countedMs = before.endAtMs + (toBeat - before.toBeat) * beatMs * (1 + CLOCK_RATE_ERROR_MAX);
  const endAtMs = Math.max(Math.min(toldMs, countedMs), Math.min(storedAtMs, earliestEnd(toBeat, before)));
  return { endAtMs, beatMs, toBeat, beats };
}

/** No window can have ended before this: counted on from another one with a tempo that rises with every bar. */
export function earliestEnd(
  toBeat: number,
  { endAtMs, beatMs, toBeat: lastBeat, beats }: WindowGrid,
): number {
  let atMs = endAtMs;
  let bpm = 60_000 / beatMs;
  let left = toBeat - lastBeat;
  while (left > 0 && bpm < 60_000 / BEAT_MS_MIN) {
    bpm = faster(bpm);
    const inBar = Math.min(left, beats);
    atMs += (inBar * 60_000) / bpm;
    left -= inBar;
  }
  return atMs + left * BEAT_MS_MIN;
}

/** The tempo after the largest step up. */
export function faster(bpm: number): number {
  return Math.max(bpm * (1 + TEMPO_STEP_MAX), bpm + TEMPO_STEP_BPM_MIN);
}

/** Whether a claim of a beat of this very window was stored too long before that beat. */
export function isAheadWithin(grid: WindowGrid | undefined, beat: number, storedAtMs: number): boolean {
  if (grid === undefined) return false;
  const beatAtMs = grid.endAtMs - (grid.toBeat + 1 - beat) * grid.beatMs;
  return storedAtMs < beatAtMs - (AHEAD_BEATS_MAX + TOLERANCE_BEATS) * grid.beatMs;
}

/**
 * The last beat that a claim stored now may name, counted on from the last closed window. Generous by the
 * tempo's possible rise: what is let through is judged exactly when its own window closes.
 */
export function beatHorizon(grid: WindowGrid | undefined, storedAtMs: number): number {
  if (grid === undefined) return Number.MAX_SAFE_INTEGER;
  const passed = Math.max(0, storedAtMs - grid.endAtMs) / grid.beatMs;
  return grid.toBeat + 1 + Math.floor(passed * TEMPO_RISE + TOLERANCE_BEATS) + AHEAD_BEATS_MAX;
}
