import { type backbeat } from '@whoosh/contracts';

/** A claim may be this many beats ahead of the grid. */
export const AHEAD_BEATS_MAX = 1;
/** Timestamps of the broker and the marker writer's clock do not agree to the millisecond. */
const TOLERANCE_BEATS = 0.05;
/** The tempo may rise by a tenth per bar, so counting on with the old one needs room. */
const TEMPO_RISE = 1.1;

/** The broker's clock is not faster than the pulse's by more than this. */
const CLOCK_RATE_ERROR_MAX = 0.001;

type Marker = Pick<backbeat.WindowClose, 'to_beat' | 'beat_ms' | 'elapsed_ms'>;

/**
 * When a window ended, on the broker's clock, as its marker tells: stored then, this long after the end. The grid
 * of the window follows from it, because tempo changes only at downbeats. Undefined for a marker
 * that does not say; then nothing is ahead.
 */
export interface WindowGrid {
  readonly endAtMs: number;
  readonly beatMs: number;
  readonly toBeat: number;
}

/**
 * The grid of a window that closes, from its marker and the grid of the window before it. A marker that was under
 * way for long makes the end look later than it was and honest claims look early; counting on from the window
 * before bounds that, so the earlier of both holds. Wrong clocks then only make it generous.
 */
export function gridOf(
  marker: Marker,
  storedAtMs: number,
  before: WindowGrid | undefined,
): WindowGrid | undefined {
  const { beat_ms: beatMs, elapsed_ms: elapsedMs, to_beat: toBeat } = marker;
  if (beatMs === undefined || elapsedMs === undefined) return undefined;
  const toldMs = storedAtMs - elapsedMs;
  if (before === undefined) return { endAtMs: toldMs, beatMs, toBeat };
  const countedMs = before.endAtMs + (toBeat - before.toBeat) * beatMs * (1 + CLOCK_RATE_ERROR_MAX);
  return { endAtMs: Math.min(toldMs, countedMs), beatMs, toBeat };
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
