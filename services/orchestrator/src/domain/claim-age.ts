import { type Instant } from '@whoosh/stdx';
import { type HeardClaim } from './agent.ts';
import { limitMs, OFFLINE_AFTER } from './limits.ts';

/** A claim may be this many beats ahead of the beat that is on. */
const AHEAD_BEATS_MAX = 1;

/** The beat that is on. */
export interface CurrentBeat {
  readonly index: number;
  readonly beatMs: number;
}

/**
 * Whether a claim of this beat says anything about now: not from a future that nobody can know, and not older than
 * the silence after which its agent counts as gone.
 */
export function isOfNow(beatIndex: number, { index, beatMs }: CurrentBeat): boolean {
  const behindBeatsMax = limitMs(OFFLINE_AFTER, beatMs) / beatMs;
  return beatIndex <= index + AHEAD_BEATS_MAX && beatIndex >= index - behindBeatsMax;
}

/**
 * Of when a claim tells that its agent was there: of its beat and the one behind it, in which honest claims arrive. Who
 * says an old claim again, its own or another's, keeps nobody alive with it.
 */
export function toldAt(beatIndex: number, { index, beatMs }: CurrentBeat, heardAt: Instant): Instant {
  return heardAt - Math.round(Math.max(0, index - beatIndex - 1) * beatMs);
}

/** Whether a claim was said before the one that was heard last. Neither a clock set back nor a new count of beats makes it so. */
export function isSaidBefore(claim: HeardClaim, last: HeardClaim | null | undefined): boolean {
  return last != null && claim.beatIndex < last.beatIndex && claim.at < last.at;
}
