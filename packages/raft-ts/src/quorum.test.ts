import fc from 'fast-check';
import { expect, test } from 'vitest';
import { majorityValue, quorumValue, voteOutcome } from './quorum.ts';

const group = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 });
const values = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 8 });

/** The same by trying: the largest value that more than half have reached. */
function byCounting(voters: readonly number[], valueOf: (id: number) => number): number {
  let best = 0;
  for (let value = 0; value <= 9; value += 1) {
    if (voters.filter((id) => valueOf(id) >= value).length > voters.length / 2) best = value;
  }
  return best;
}

test('the value of a majority is the largest that more than half have reached', () => {
  fc.assert(
    fc.property(group, values, (voters, table) => {
      const valueOf = (id: number): number => table[id] ?? 0;
      expect(majorityValue(voters, valueOf)).toBe(byCounting(voters, valueOf));
    }),
  );
});

test('two groups agree on the lower of their values, and the order of the voters does not matter', () => {
  fc.assert(
    fc.property(group, group, values, (left, right, table) => {
      const valueOf = (id: number): number => table[id] ?? 0;
      const both = quorumValue([left, right], valueOf);
      expect(both).toBe(Math.min(byCounting(left, valueOf), byCounting(right, valueOf)));
      expect(quorumValue([right.toReversed(), left.toReversed()], valueOf)).toBe(both);
    }),
  );
});

test('a vote is lost exactly when the voters left cannot win it any more', () => {
  fc.assert(
    fc.property(
      group,
      fc.array(fc.constantFrom(true, false, undefined), { minLength: 8, maxLength: 8 }),
      (voters, votes) => {
        const outcome = voteOutcome([voters], (id) => votes[id]);
        const best = voteOutcome([voters], (id) => votes[id] ?? true);
        const worst = voteOutcome([voters], (id) => votes[id] ?? false);
        expect(outcome).toBe(best === 'won' && worst !== 'won' ? 'pending' : best);
      },
    ),
  );
});
