import { limitMs, OFFLINE_AFTER } from './limits.ts';

/** A claim may be this many beats ahead of the beat that is on. */
const AHEAD_BEATS_MAX = 1;

/**
 * Whether a claim of this beat says anything about now: not from a future that nobody can know, and not older than
 * the silence after which its agent counts as gone.
 */
export function isOfNow(
  beatIndex: number,
  current: { readonly index: number; readonly beatMs: number },
): boolean {
  const { index, beatMs } = current;
  const behindBeatsMax = limitMs(OFFLINE_AFTER, beatMs) / beatMs;
  return beatIndex <= index + AHEAD_BEATS_MAX && beatIndex >= index - behindBeatsMax;
}
