import { expect, test } from 'vitest';
import { nextRestart, restartPolicy } from './restart-policy.ts';

test('delays double up to the longest, then it is given up', () => {
  const delays: number[] = [];
  let attempt = 0;
  for (;;) {
    const restart = nextRestart(restartPolicy, { attempt, ranMs: 100, wasReady: true });
    if (!restart.again) break;
    attempt = restart.attempt;
    delays.push(restart.delayMs);
  }
  expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000]);
});

test('a process that ran long enough begins anew', () => {
  const last = restartPolicy.restartsMax;
  expect(nextRestart(restartPolicy, { attempt: last, ranMs: 60_000, wasReady: true })).toEqual({
    again: true,
    attempt: 1,
    delayMs: 250,
  });
  expect(nextRestart(restartPolicy, { attempt: last, ranMs: 59_999, wasReady: true })).toEqual({
    again: false,
  });
});

test('one that was never ready is given up sooner', () => {
  const at = (attempt: number) => nextRestart(restartPolicy, { attempt, ranMs: 100, wasReady: false }).again;
  expect([at(0), at(1), at(2)]).toEqual([true, true, false]);
});
