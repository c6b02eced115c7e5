import { type Instant } from '@whoosh/stdx';

/**
 * How long something may stay silent or unfinished: so many seconds, or so many beats where the beat
 * is slower than that. Without a beat the seconds alone hold.
 */
export interface Limit {
  readonly msMin: number;
  readonly beats: number;
}

export const STALE_AFTER: Limit = { msMin: 15_000, beats: 3 };
export const OFFLINE_AFTER: Limit = { msMin: 45_000, beats: 9 };
/** From the start of an attempt to the first valid StatusClaim of its agent. */
export const HEALTHY_WITHIN: Limit = { msMin: 60_000, beats: 8 };

/** A deployment is given up after this many attempts. */
export const ATTEMPTS_MAX = 5;
export const RETRY_BACKOFF = { baseMs: 2_000, maxMs: 60_000 } as const;

export function limitMs(limit: Limit, beatMs: number | undefined): number {
  return Math.max(limit.msMin, limit.beats * (beatMs ?? 0));
}

export function isOver(limit: Limit, beatMs: number | undefined, since: Instant, now: Instant): boolean {
  return now - since >= limitMs(limit, beatMs);
}
