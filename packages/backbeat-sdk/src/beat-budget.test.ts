import { expect, test } from 'vitest';
import { BeatBudget, BeatBudgetExceeded } from './beat-budget.ts';
import { type Beat } from './domain/beat.ts';

const beat = (index: number, epoch = 1) => ({ index, epoch }) as Beat;

/** How many of these beats pass until work that never ends is aborted. */
async function abortedAfter(budget: BeatBudget, beats: readonly Beat[]): Promise<number> {
  let passed = 0;
  const outcome = budget.run(() => new Promise<never>(() => {})).catch((cause: unknown) => cause);
  for (const each of beats) {
    if (budget.signal.aborted) break;
    budget.beat(each);
    passed += 1;
  }
  expect(await outcome).toBeInstanceOf(BeatBudgetExceeded);
  expect(await outcome).toMatchObject({ beats: budget.beats });
  expect(budget.signal.reason).toBe(await outcome);
  return passed;
}

test.each([
  ['beats one by one', beat(5), [beat(6), beat(7), beat(8), beat(9)], 3],
  ['beats that were left out', beat(5), [beat(7), beat(9), beat(11)], 2],
  ['a leap', beat(5), [beat(50), beat(51)], 1],
  ['beats that are told again', beat(5), [beat(5), beat(6), beat(6), beat(7), beat(8)], 5],
  ['a new life of the cluster', beat(5), [beat(6), beat(0, 2), beat(1, 2), beat(2, 2)], 3],
  ['the first beat, which begins the count', undefined, [beat(900), beat(901), beat(902), beat(903)], 4],
])('a budget of three beats counts %s', async (_, current, beats, passed) => {
  expect(await abortedAfter(new BeatBudget(3, current), beats)).toBe(passed);
});

test('work that ends in time gives what it gives, and its own failure is passed on', async () => {
  const budget = new BeatBudget(2, beat(1));
  expect(await budget.run(() => 7)).toBe(7);
  expect(await budget.run((signal) => Promise.resolve(signal.aborted))).toBe(false);
  const failed = budget.run(() => {
    throw new Error('broken');
  });
  await expect(failed).rejects.toThrow('broken');
});

test('work that looks at the signal is told why', async () => {
  const budget = new BeatBudget(1, beat(1));
  const { promise: told, resolve } = Promise.withResolvers<unknown>();
  const outcome = budget.run(async (signal) => {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
    await told;
    return 'too late';
  });
  budget.beat(beat(2));
  await expect(outcome).rejects.toThrow('not done within 1 beats');
  expect(await told).toBeInstanceOf(BeatBudgetExceeded);
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is no number of beats', (beats) => {
  expect(() => new BeatBudget(beats, undefined)).toThrow(RangeError);
});
