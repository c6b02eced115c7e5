import { type Backoff, backoffMs } from '@whoosh/stdx';

/** A claim that is not stored this long after it was due is lost. */
export const CLAIM_RETRY_MAX_MS = 15_000;
/** How long the stream has for its answer to one try. */
const ANSWER_MAX_MS = 2_000;
/** No try begins with less time than this for an answer. */
const ANSWER_MIN_MS = 500;
const RETRY: Backoff = { baseMs: 100, maxMs: 2_000 };

export interface Tried {
  /** When the sender stops trying, and says so. */
  readonly giveUpAtMs: number;
  /** Tries so far, at least 1. */
  readonly attempts: number;
}

/**
 * When a claim that could not be stored is tried again; undefined when it is lost.
 * @param chance 0 … 1, spreads what failed together
 */
export function nextTryMs(
  { giveUpAtMs, attempts }: Tried,
  nowMs: number,
  chance: number,
): number | undefined {
  const lastTryMs = giveUpAtMs - ANSWER_MIN_MS;
  if (nowMs >= lastTryMs) return undefined;
  return Math.min(lastTryMs, nowMs + backoffMs(RETRY, attempts, chance));
}

/** How long a try waits for its answer: what is given up first must be told in time. */
export function answerWithinMs(giveUpAtMs: readonly number[], nowMs: number): number {
  const leftMs = giveUpAtMs.reduce((least, each) => Math.min(least, each - nowMs), ANSWER_MAX_MS);
  return Math.max(1, Math.ceil(leftMs));
}
