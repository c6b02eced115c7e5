import { expect, test } from 'vitest';
import { Random } from '../../sim/random.ts';
import { fuzz, TARGETS } from './targets.ts';

const COUNT = 10_000;

test.each(Object.entries(TARGETS))('%s stand mutated bytes', (name, target) => {
  const taken = fuzz(name, target(), new Random(1), COUNT);
  // Mutations that are all refused, or none, look at half of the decoder.
  expect(taken).toBeGreaterThan(COUNT / 100);
  expect(taken).toBeLessThan(COUNT);
});
