import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerWithinMs, CLAIM_RETRY_MAX_MS, nextTryMs } from './claim-retry.ts';

test('whatever chance says, tries go on until 15 s have passed, and the last answer is there by then', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (dueMs, chances, delays) => {
        const giveUpAtMs = dueMs + CLAIM_RETRY_MAX_MS;
        let startMs = dueMs;
        for (let attempts = 1; ; attempts += 1) {
          const answerMs = answerWithinMs([giveUpAtMs], startMs);
          expect(startMs + answerMs).toBeLessThan(giveUpAtMs + 1);
          const failedMs = startMs + answerMs * (delays.next().value ?? 0);
          const againMs = nextTryMs({ giveUpAtMs, attempts }, failedMs, chances.next().value ?? 0);
          if (againMs === undefined) {
            expect(failedMs).toBeGreaterThanOrEqual(giveUpAtMs - 500);
            return;
          }
          expect(againMs).toBeGreaterThanOrEqual(Math.min(failedMs, giveUpAtMs));
          expect(againMs).toBeLessThanOrEqual(failedMs + 2_000);
          // Chance may ask for no wait at all; time passes all the same.
          startMs = Math.max(againMs, startMs + 100);
        }
      },
    ),
  );
});

test('an answer has two seconds, and less when one of those who wait for it is given up sooner', () => {
  expect(answerWithinMs([15_000, 40_000], 0)).toBe(2_000);
  expect(answerWithinMs([40_000, 15_000], 14_500)).toBe(500);
  expect(answerWithinMs([15_000], 15_001)).toBe(1);
});
