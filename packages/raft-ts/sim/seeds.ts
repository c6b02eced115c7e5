import { expect, test } from 'vitest';
import { type ProfileKind } from './profile.ts';
import { type Outcome, simulate } from './simulation.ts';

const CHUNKS = 10;

function run(seed: number, kind: ProfileKind): Outcome {
  try {
    return simulate(seed, kind);
  } catch (cause) {
    throw new Error(`replay with: node packages/raft-ts/sim/run.ts ${seed} 1 ${kind}`, { cause });
  }
}

export interface SeedCount {
  readonly kind: ProfileKind;
  readonly first: number;
  readonly count: number;
  /** Entries that a seed commits on average at least: a simulation in which nothing happens proves nothing. */
  readonly committedMin: number;
}

/** The tests of one kind of simulation: in chunks, so that a run shows how far it is. */
export function testSeeds({ kind, first, count, committedMin }: SeedCount): void {
  const size = Math.ceil(count / CHUNKS);
  const chunks = Array.from({ length: CHUNKS }, (_, at) => first + at * size);
  test.each(chunks)(
    `every rule holds in ${size} ${kind} runs from seed %i`,
    { timeout: 3_600_000 },
    (from) => {
      let [leaders, committed] = [0, 0];
      for (let seed = from; seed < from + size; seed += 1) {
        const outcome = run(seed, kind);
        leaders += outcome.leaders;
        committed += outcome.committed;
      }
      expect(leaders).toBeGreaterThanOrEqual(size);
      expect(committed).toBeGreaterThan(committedMin * size);
    },
  );

  test(`the same ${kind} seed gives the same run`, () => {
    for (const seed of [1, 2, 3, 4, 5]) expect(simulate(seed, kind)).toEqual(simulate(seed, kind));
  });
}

export function numberOf(name: string, otherwise: number): number {
  const text = process.env[name];
  return text === undefined || text === '' ? otherwise : Number(text);
}
