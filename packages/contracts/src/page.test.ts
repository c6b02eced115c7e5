import { uuidV7 } from '@whoosh/stdx';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallError } from './errors.ts';
import { checkedCursor, pageOfRows } from './page.ts';

test('pages that follow the cursor hold every row once, newest first', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 10 }), (count, limit) => {
      const rows = Array.from({ length: count }, (_, at) => ({
        id: uuidV7(1_700_000_000_000 + at, new Uint8Array(10)),
      })).toReversed();
      const read = [];
      let cursor: string | undefined;
      do {
        const before = checkedCursor(cursor);
        const found = rows.filter(({ id }) => before === undefined || id < before).slice(0, limit + 1);
        const page = pageOfRows(found, limit);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        read.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(read).toEqual(rows);
    }),
  );
});

test.each(['', 'x', '7', '01890a5d-ac96-774b-bcce-b302099a805'])('the cursor "%s" is refused', (cursor) => {
  expect(() => checkedCursor(cursor)).toThrow(
    new CallError('invalid_argument', 'the cursor is not one of ours'),
  );
});
