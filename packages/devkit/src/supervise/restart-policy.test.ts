import { expect, test } from 'vitest';
import { nextRestart, restartPolicy } from './restart-policy.ts';

test('delays double up to the longest, then it is given up', () => {
  const delays: number[] = [];
  let attempt = 0;
  for (;;) {
    const restart = nextRestart(restartPolicy, attempt, 100);
    if (!restart.again) break;
    attempt = restart.attempt;
    delays.push(restart.delayMs);
  }
  expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000]);
});

test('a process that ran long enough begins anew', () => {
  const last = restartPolicy.restartsMax;
  expect(nextRestart(restartPolicy, last, 60_000)).toEqual({ again: true, attempt: 1, delayMs: 250 });
  expect(nextRestart(restartPolicy, last, 59_999)).toEqual({ again: false });
});
