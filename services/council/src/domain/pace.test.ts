import fc from 'fast-check';
import { expect, test } from 'vitest';
import { localBeat, localGrid, msUntilNextBar } from './pace.ts';

const grids = fc
  .tuple(fc.double({ min: 0.1, max: 1_000, noNaN: true }), fc.integer({ min: 1, max: 64 }))
  .map(([tempo, bar]) => localGrid(tempo, bar));
const instants = fc.integer({ min: 0, max: 4_000_000_000_000 });

test('60 beats per minute are one per second, four to the bar', () => {
  expect(localBeat(localGrid(60, 4), 7_500)).toEqual({
    index: 7,
    barFrom: 4,
    barLength: 4,
    beatMs: 1_000,
    heard: false,
  });
  expect(msUntilNextBar(localGrid(60, 4), 7_500)).toBe(500);
});

test('beats never go back, and a beat lies within its bar', () => {
  fc.assert(
    fc.property(grids, instants, fc.nat(1_000_000), (grid, now, laterMs) => {
      const beat = localBeat(grid, now);
      expect(localBeat(grid, now + laterMs).index).toBeGreaterThanOrEqual(beat.index);
      expect(beat.index - beat.barFrom).toBeGreaterThanOrEqual(0);
      expect(beat.index - beat.barFrom).toBeLessThan(grid.barLength);
    }),
  );
});

test('the wait for the next bar ends in the next bar', () => {
  fc.assert(
    fc.property(grids, instants, (grid, now) => {
      const waitMs = msUntilNextBar(grid, now);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      // One more millisecond than the wait covers what a number cannot say exactly.
      expect(localBeat(grid, now + waitMs + 1).barFrom).toBeGreaterThan(localBeat(grid, now).barFrom);
    }),
  );
});
