import { monotonicMs } from './monotonic-ms.ts';

/** The wall clock minus CLOCK_MONOTONIC, read where `Date.now()` steps to its next millisecond, so to microseconds. */
export function wallAheadMs(): number {
  const before = Date.now();
  for (;;) {
    const wallMs = Date.now();
    if (wallMs !== before) return wallMs - monotonicMs();
  }
}
