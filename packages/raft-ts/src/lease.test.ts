import { expect, test } from 'vitest';
import { leaseUntil } from './lease.ts';

const terms = { sentAtMs: 1_000, electionTicks: 15, tickMs: 10, driftPpm: 0, marginMs: 0 };

test('a lease lasts two ticks less than an election time, from the sending', () => {
  expect(leaseUntil(terms)).toBe(1_130);
});

test('drift and margin shorten it', () => {
  expect(leaseUntil({ ...terms, driftPpm: 1_000_000 })).toBe(1_065);
  expect(leaseUntil({ ...terms, marginMs: 10 })).toBe(1_120);
  expect(() => leaseUntil({ ...terms, marginMs: -1 })).toThrow('shorten');
});
