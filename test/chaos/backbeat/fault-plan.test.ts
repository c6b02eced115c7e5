import { expect, test } from 'vitest';
import { planOf } from './fault-plan.ts';

test('the same seed gives the same plan, another one another', () => {
  expect(planOf(7, 20)).toEqual(planOf(7, 20));
  expect(planOf(7, 20)).not.toEqual(planOf(8, 20));
});

test('a plan long enough has every kind of fault, and breaks no broker where there is one', () => {
  const plans = Array.from({ length: 20 }, (_, seed) => planOf(seed, 14));
  for (const { brokers, faults } of plans) {
    const kinds = new Set(faults.map(({ kind }) => kind));
    expect(kinds.size).toBe(brokers === 3 ? 14 : 12);
    expect(kinds.has('kill_broker')).toBe(brokers === 3);
  }
  expect(new Set(plans.map(({ pulses }) => pulses)).size).toBe(2);
});
