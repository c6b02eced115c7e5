import { expect, test } from 'vitest';
import { DELIVERY_MAX_MS, JITTER_MAX_MS, Objectives } from './objectives.ts';

const MINUTE_MS = 60_000;

test('nothing sent is nothing failed', () => {
  expect(new Objectives().met(0)).toEqual({ delivery: true, jitter: true });
});

test('one beat of twenty may be late, early or slow, two may not', () => {
  const objectives = new Objectives();
  for (let at = 0; at < 18; at += 1) {
    objectives.add('delivery', DELIVERY_MAX_MS, at);
    objectives.add('jitter', -JITTER_MAX_MS, at);
  }
  objectives.add('delivery', DELIVERY_MAX_MS + 1, 20);
  objectives.add('delivery', 1, 20);
  objectives.add('jitter', JITTER_MAX_MS + 1, 20);
  objectives.add('jitter', -JITTER_MAX_MS - 1, 20);
  expect(objectives.met(21)).toEqual({ delivery: true, jitter: false });
});

test('what is older than five minutes does not count any more, be it that nothing came after it', () => {
  const objectives = new Objectives();
  objectives.add('jitter', 500, 0);
  expect(objectives.met(MINUTE_MS).jitter).toBe(false);
  expect(objectives.met(5 * MINUTE_MS + 1).jitter).toBe(true);
  objectives.add('jitter', 1, 6 * MINUTE_MS);
  expect(objectives.met(6 * MINUTE_MS).jitter).toBe(true);
});
