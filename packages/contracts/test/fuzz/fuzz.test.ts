import { fuzz } from '@whoosh/stdx/testing';
import { expect, test } from 'vitest';
import { TARGETS } from './targets.ts';

const COUNT = 4_000;

test.each(Object.entries(TARGETS))('a reader of %s takes nothing that its schema refuses', (name, target) => {
  const taken = fuzz(name, target(), 1, COUNT);
  // Mutations that are all refused, or none, look at half of the reader.
  expect(taken).toBeGreaterThan(COUNT / 50);
  expect(taken).toBeLessThan(COUNT);
});
