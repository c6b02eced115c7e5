import { describe, expect, test } from 'vitest';
import { Concert } from './concert.ts';

/** `CONCERT_SEEDS=n` plays as many, from zero. */
const SEEDS = Number(process.env['CONCERT_SEEDS'] ?? 250);
/** Beyond those: seeds that broke something once. */
const FOUND_ONCE = [3_927];
const MUTANT_SEEDS_MAX = 400;

test('whatever fails, no index is sent twice, and the beat returns', { timeout: 600_000 }, () => {
  let [beats, elections] = [0, 0];
  for (const seed of [...Array(SEEDS).keys(), ...FOUND_ONCE]) {
    const outcome = new Concert(seed).play();
    beats += outcome.beats;
    elections += outcome.elections;
    expect(outcome.violations, `replay with: node services/pulse/sim/run.ts ${seed} 1`).toEqual([]);
  }
  expect(beats).toBeGreaterThan(SEEDS * 8);
  if (SEEDS > 50) expect(elections).toBeGreaterThan(SEEDS * 2);
});

test(
  'the reservation alone keeps every index to one sender, whatever the lease says',
  { timeout: 600_000 },
  () => {
    let outside = 0;
    for (let seed = 0; seed < SEEDS / 2; seed += 1) {
      const { violations, outsideLease } = new Concert(seed, 'lease_ignored').play();
      expect(violations, `seed ${seed}`).toEqual([]);
      outside += outsideLease;
    }
    expect(outside).toBeGreaterThan(0);
  },
);

describe('the simulation finds a pulse that', () => {
  test.each([
    { mutant: 'publish_unreserved', fault: 'publishes what it has only proposed' },
    { mutant: 'lease_only', fault: 'trusts its lease alone' },
  ] as const)('$fault', { timeout: 600_000 }, ({ mutant }) => {
    const found = Array.from({ length: MUTANT_SEEDS_MAX }, (_, seed) => seed).find((seed) =>
      new Concert(seed, mutant).play().violations.some((violation) => / and by /.test(violation)),
    );
    expect(found).toBeDefined();
  });
});
