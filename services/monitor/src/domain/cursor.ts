import { type Instant } from '@whoosh/stdx';

/** Re-read before the cursor on every poll: clocks differ, and Gitea's `updated_at` knows whole seconds only. */
export const OVERLAP_MS = 10_000;

/** From when the next poll reads: whole seconds, inclusive as Gitea takes it; undefined = from the beginning. */
export function sinceOf(cursor: Instant | null): Instant | undefined {
  return cursor === null ? undefined : Math.floor((cursor - OVERLAP_MS) / 1_000) * 1_000;
}

/** The cursor after a poll that began when the server's clock said `serverTime`; it never goes back. */
export function advance(cursor: Instant | null, serverTime: Instant): Instant {
  return Math.max(cursor ?? 0, serverTime);
}
