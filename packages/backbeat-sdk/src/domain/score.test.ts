import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { barStartOf, phaseAt, phaseLengths, windowIdOf } from './score.ts';

describe('a bar', () => {
  test('of four beats is planning, execution, execution, review', () => {
    expect([0, 1, 2, 3].map((position) => phaseAt(position, 4).phase)).toEqual([
      'planning',
      'execution',
      'execution',
      'review',
    ]);
  });

  test('is filled by its phases in order, with at least one beat of review', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.nat(), (barLength, seed) => {
        const lengths = phaseLengths(barLength);
        expect(lengths.planning + lengths.execution + lengths.review).toBe(barLength);
        expect(lengths.review).toBeGreaterThanOrEqual(1);
        expect(lengths.execution).toBeGreaterThanOrEqual(0);
        expect(barLength < 3 || lengths.planning >= 1).toBe(true);
        const position = seed % barLength;
        const { phase, endsAt } = phaseAt(position, barLength);
        expect(endsAt).toBeGreaterThan(position);
        expect(phaseAt(endsAt - 1, barLength).phase).toBe(phase);
        expect(phaseAt(barLength - 1, barLength)).toEqual({ phase: 'review', endsAt: barLength });
      }),
    );
  });

  test('is found again from any of its beats by the hash', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 1_000_000 }),
        fc.integer({ min: 1, max: 64 }),
        fc.nat(),
        (start, barLength, seed) => {
          const index = start + (seed % barLength);
          const windowId = windowIdOf('c', 7, start).toUpperCase();
          expect(
            barStartOf({ clusterId: 'c', epoch: 7, index, downbeat: index === start, barLength, windowId }),
          ).toBe(start);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('with a foreign window id is counted from zero', () => {
    expect(
      barStartOf({
        clusterId: 'c',
        epoch: 7,
        index: 10,
        downbeat: false,
        barLength: 4,
        windowId: 'f'.repeat(32),
      }),
    ).toBe(8);
  });

  test('has an id of 32 hex digits that depends on cluster, epoch and first beat', () => {
    const ids = [windowIdOf('a', 1, 0), windowIdOf('b', 1, 0), windowIdOf('a', 2, 0), windowIdOf('a', 1, 4)];
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    // Computed once with `printf 'chorus-production\n1700000000000\n240' | sha256sum`.
    expect(windowIdOf('chorus-production', 1_700_000_000_000, 240)).toBe('009d8ebcd96eca67ec71cea653f3deff');
  });
});
