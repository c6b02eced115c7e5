import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { absoluteRange, isOneStep, isWithin, roundTempo, stepRange, towards } from './tempo.ts';

const FREE = { minBpm: 0.1, maxBpm: 1_000 };
const tempo = fc.integer({ min: 1, max: 10_000 }).map((tenths) => tenths / 10);

test.each([
  { bpm: 120, range: { minBpm: 108, maxBpm: 132 } },
  { bpm: 2, range: { minBpm: 1.8, maxBpm: 2.2 } },
  { bpm: 2.3, range: { minBpm: 2.1, maxBpm: 2.5 } },
  { bpm: 0.5, range: { minBpm: 0.4, maxBpm: 0.6 } },
  { bpm: 0.1, range: { minBpm: 0.1, maxBpm: 0.2 } },
  { bpm: 1_000, range: { minBpm: 900, maxBpm: 1_000 } },
])('from $bpm a step may lead to $range', ({ bpm, range }) => {
  expect(stepRange(bpm, FREE, 4)).toEqual(range);
});

describe('limits', () => {
  test('of the operator hold', () => {
    expect(stepRange(120, { minBpm: 110, maxBpm: 125 }, 4)).toEqual({ minBpm: 110, maxBpm: 125 });
    expect(absoluteRange({ minBpm: 0.15, maxBpm: 99.99 }, 1)).toEqual({ minBpm: 0.2, maxBpm: 99.9 });
  });

  test('keep a bar within two hours', () => {
    expect(absoluteRange(FREE, 10_000).minBpm).toBe(83.4);
    expect(absoluteRange(FREE, 240).minBpm).toBe(2);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (barLength) => {
        const { minBpm } = absoluteRange(FREE, barLength);
        return (barLength * 60) / minBpm <= 7_200.000_001;
      }),
    );
  });
});

test('a step is at most a tenth of the tempo, or a tenth of a beat per minute', () => {
  fc.assert(
    fc.property(tempo, (bpm) => {
      const { minBpm, maxBpm } = stepRange(bpm, FREE, 1);
      const step = Math.max(bpm * 0.1, 0.1) + 1e-9;
      return bpm - minBpm <= step && maxBpm - bpm <= step && isOneStep(bpm, minBpm) && isOneStep(bpm, maxBpm);
    }),
  );
});

test('the range of a step is never empty, whatever the limits have become', () => {
  fc.assert(
    fc.property(tempo, tempo, tempo, fc.integer({ min: 1, max: 10_000 }), (bpm, one, other, barLength) => {
      const limits = { minBpm: Math.min(one, other), maxBpm: Math.max(one, other) };
      const absolute = absoluteRange(limits, barLength);
      fc.pre(absolute.minBpm <= absolute.maxBpm);
      const { minBpm, maxBpm } = stepRange(bpm, limits, barLength);
      expect(minBpm).toBeLessThanOrEqual(maxBpm);
      expect(isOneStep(bpm, minBpm) && isOneStep(bpm, maxBpm)).toBe(true);
    }),
  );
});

test('a ramp arrives, by steps that are allowed, never turning back', () => {
  fc.assert(
    fc.property(tempo, tempo, (from, target) => {
      let at = from;
      for (let steps = 0; at !== target; steps += 1) {
        const next = towards(at, target);
        expect(isOneStep(at, next)).toBe(true);
        expect(Math.abs(target - next)).toBeLessThan(Math.abs(target - at));
        expect(next).toBe(roundTempo(next));
        expect(steps).toBeLessThan(200);
        at = next;
      }
      expect(isWithin(at, FREE)).toBe(true);
    }),
  );
});
