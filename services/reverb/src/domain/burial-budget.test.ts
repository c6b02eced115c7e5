import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BurialBudget, BURST_BYTES, BYTES_PER_MINUTE } from './burial-budget.ts';

test('a flood is cut short, and what follows trickles', () => {
  const budget = new BurialBudget();
  const taken = (atMs: number) => Array.from({ length: 1_000 }, () => budget.take('a', 512, atMs));
  expect(taken(0).filter(Boolean)).toHaveLength(BURST_BYTES / 512);
  expect(taken(3 * 60_000).filter(Boolean)).toHaveLength((3 * BYTES_PER_MINUTE) / 512);
});

test('a flood of one kind leaves room for another', () => {
  const budget = new BurialBudget();
  for (let i = 0; i < 1_000; i += 1) budget.take('a', 4_096, 0);
  expect(budget.take('b', 4_096, 0)).toBe(true);
});

test('what is too large for now leaves room for what is not', () => {
  const budget = new BurialBudget();
  expect(budget.take('a', BURST_BYTES - 100, 0)).toBe(true);
  expect(budget.take('a', 200, 0)).toBe(false);
  expect(budget.take('a', 100, 0)).toBe(true);
});

test('no more is kept than the burst and the trickle, in whatever order clocks tell', () => {
  const offers = fc.array(fc.tuple(fc.nat(5_000), fc.nat(20 * 60_000)), { maxLength: 300 });
  fc.assert(
    fc.property(offers, (offered) => {
      const budget = new BurialBudget();
      const kept = offered.filter(([bytes, atMs]) => budget.take('a', bytes, atMs));
      const most = BURST_BYTES + 20 * BYTES_PER_MINUTE;
      expect(kept.reduce((sum, [bytes]) => sum + bytes, 0)).toBeLessThanOrEqual(most);
    }),
  );
});
