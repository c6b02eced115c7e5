/**
 * When an agent looks at its council again. A phase lasts a bar, so each bar has to be seen once after its downbeat
 * was worked off; beats are heard late, acts take longer than a beat, and the council stores a phase when it can.
 */
import { councils } from '@whoosh/contracts';

/** The beat on which it is asked, and the bar that it is in. */
export interface LookingBeat {
  readonly index: number;
  readonly windowFrom: number;
  readonly barLength: number;
}

export interface LastLook {
  /** By a clock that only goes forward. */
  readonly atMs: number;
  /** Beat on which it was begun. */
  readonly atBeat: number;
}

/** When beats are slow: longer than a bar at 120 BPM, and far below what a gateway lets an agent ask in a minute. */
export const LOOK_EVERY_MS = 2_500;
/** A council that stays where it is, for a reason that is not seen from here, is not asked on every beat. */
export const LOOKS_PER_BAR_MAX = 3;

/**
 * On the first beat after the downbeat, or on the first later one on which the agent is free; again on later beats
 * of the bar while what was seen is a phase that this downbeat ended.
 */
export function isTimeToLook(
  beat: LookingBeat,
  last: LastLook | undefined,
  seen: councils.CouncilView | undefined,
  nowMs: number,
): boolean {
  if (last === undefined || nowMs - last.atMs >= LOOK_EVERY_MS) return true;
  const from = beat.windowFrom + Math.min(1, beat.barLength - 1);
  if (beat.index < from || last.atBeat === beat.index) return false;
  if (last.atBeat < from) return true;
  return beat.index < from + LOOKS_PER_BAR_MAX && isBehind(seen, beat.windowFrom);
}

/** Whether the council is known to have gone on since it was seen. */
function isBehind(seen: councils.CouncilView | undefined, downbeat: number): boolean {
  if (seen?.status !== 'active' || !seen.round) return false;
  const { phase, phase_opened_at_beat: openedAt } = seen.round;
  if (openedAt >= downbeat) return false;
  const isWaiting = phase === 'propose' && seen.artifacts.length < councils.ARTIFACT_KINDS.length;
  return !isWaiting;
}
