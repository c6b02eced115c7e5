import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RoundTrip } from './round-trip.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Answers after so many milliseconds, one after the other; then never. */
function echoOf(delaysMs: readonly (number | 'lost')[]) {
  const left = [...delaysMs];
  return {
    asked: 0,
    flush(): Promise<void> {
      this.asked += 1;
      const next = left.shift();
      if (next === 'lost') return Promise.reject(new Error('connection closed'));
      return new Promise((resolve) => {
        if (next !== undefined) setTimeout(resolve, next);
      });
    },
  };
}

test('the shortest of the last ones counts, and an old short one is forgotten', async () => {
  using trip = new RoundTrip(echoOf([9, 3, 7, 8, 8, 8, 8, 8, 8, 8, 6]));
  expect(trip.ms).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1_500);
  expect(trip.ms).toBe(3);
  await vi.advanceTimersByTimeAsync(9_500);
  expect(trip.ms).toBe(6);
});

test('a lost answer counts for nothing, and a missing one is not asked for again', async () => {
  const echo = echoOf([5, 'lost', 4]);
  using trip = new RoundTrip(echo);
  await vi.advanceTimersByTimeAsync(2_500);
  expect(trip.ms).toBe(4);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(echo.asked).toBe(4);
});
