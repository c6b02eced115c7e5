import { expect, test } from 'vitest';
import { type Committed, type ProposalFailure, Waiters } from '../src/node/waiters.ts';

function waitersFor(...places: readonly (readonly [index: number, term: number])[]) {
  const waiters = new Waiters();
  const outcomes = new Map<string, Committed | ProposalFailure>();
  for (const [index, term] of places) {
    waiters.add({ index, term, settle: (outcome) => outcomes.set(`${index}/${term}`, outcome) });
  }
  return { waiters, outcomes };
}

test('a proposal is committed when the entry of its index and term is applied, and lost when it is another’s', () => {
  const { waiters, outcomes } = waitersFor([4, 1], [5, 1], [6, 1]);
  waiters.applied(4, 1);
  waiters.applied(5, 2);
  expect(outcomes).toEqual(
    new Map<string, unknown>([
      ['4/1', { index: 4, term: 1 }],
      ['5/1', 'lost'],
    ]),
  );
});

test('an index that comes again in a later term does not keep the earlier proposal waiting, nor the later', () => {
  const { waiters, outcomes } = waitersFor([4, 1], [5, 1], [4, 3]);
  waiters.applied(4, 3);
  expect(outcomes.get('4/1')).toBe('lost');
  expect(outcomes.get('4/3')).toEqual({ index: 4, term: 3 });
  expect(outcomes.has('5/1')).toBe(false);
  waiters.applied(5, 3);
  expect(outcomes.get('5/1')).toBe('lost');
});
