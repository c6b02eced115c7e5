import { expect, test } from 'vitest';
import { WaitLine } from './wait-line.ts';

test('a wait is told of after half a second, with another reason after five more, and once a minute', () => {
  const line = new WaitLine(1_000);
  const lines: number[] = [];
  for (let ms = 1_000; ms <= 200_000; ms += 100) {
    const reason = ms < 20_000 ? 'refused' : 'timeout';
    if (line.isDue(reason, ms)) lines.push(ms);
  }
  expect(lines).toEqual([1_500, 20_000, 80_000, 140_000, 200_000]);
  expect(line.wasSaid).toBe(true);
});

test('reasons that take turns do not fill the log', () => {
  const line = new WaitLine(0);
  const lines = Array.from({ length: 600 }, (_, i) => line.isDue(`reason ${i % 2}`, i * 100)).filter(Boolean);
  expect(lines.length).toBeLessThanOrEqual(12);
});

test('one that ends at once is not worth a word', () => {
  const line = new WaitLine(0);
  expect([line.isDue('refused', 100), line.wasSaid]).toEqual([false, false]);
});
