import { assert } from './assert.ts';

export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Growth per attempt, 2 when left out. */
  readonly factor?: number;
}

/**
 * How long to wait after the `attempt`-th failure in a row, counted from 1: anything between nothing and
 * the exponential ceiling ("full jitter", M. Brooker, Exponential Backoff and Jitter, AWS 2015), so
 * that many clients who failed together do not come back together.
 */
export function backoffMs(backoff: Backoff, attempt: number, random01: number): number {
  return Math.floor(backoffCeilingMs(backoff, attempt) * random01);
}

/** The longest wait that {@link backoffMs} may choose for this attempt. */
export function backoffCeilingMs({ baseMs, maxMs, factor = 2 }: Backoff, attempt: number): number {
  assert(attempt >= 1, 'attempts are counted from 1');
  assert(baseMs > 0 && maxMs >= baseMs && factor >= 1, 'back-off needs 0 < baseMs <= maxMs, factor >= 1');
  return Math.min(maxMs, baseMs * factor ** (attempt - 1));
}
