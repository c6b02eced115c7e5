import { expect, test } from 'vitest';
import { simulate } from './simulation.ts';

/**
 * `SIM_SEED=n` replays one seed; `SIM_SEEDS=count` and `SIM_FROM=first` choose how many and which.
 */
const DEFAULT_SEEDS = 2_500;
const CHUNKS = 10;

function numberOf(name: string, otherwise: number): number {
  const text = process.env[name];
  return text === undefined || text === '' ? otherwise : Number(text);
}

const single = process.env['SIM_SEED'];
const first = numberOf('SIM_FROM', 1);
const count = numberOf('SIM_SEEDS', DEFAULT_SEEDS);

function run(seed: number): { leaders: number; committed: number } {
  try {
    return simulate(seed);
  } catch (cause) {
    throw new Error(`replay with: SIM_SEED=${seed} npx vitest run --project unit packages/raft-ts/sim`, {
      cause,
    });
  }
}

if (single !== undefined) {
  test(`seed ${single}`, () => {
    expect(run(Number(single)).committed).toBeGreaterThan(0);
  });
} else {
  const size = Math.ceil(count / CHUNKS);
  const chunks = Array.from({ length: CHUNKS }, (_, at) => first + at * size);
  test.each(chunks)(`every rule holds in ${size} runs from seed %i`, { timeout: 3_600_000 }, (from) => {
    let [leaders, committed] = [0, 0];
    for (let seed = from; seed < from + size; seed += 1) {
      const outcome = run(seed);
      leaders += outcome.leaders;
      committed += outcome.committed;
    }
    // A simulation in which nothing happens proves nothing.
    expect(leaders).toBeGreaterThanOrEqual(size);
    expect(committed).toBeGreaterThan(5 * size);
  });

  test('the same seed gives the same run', () => {
    for (const seed of [1, 2, 3, 4, 5]) expect(simulate(seed)).toEqual(simulate(seed));
  });
}
