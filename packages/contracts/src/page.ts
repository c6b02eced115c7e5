import { Id } from './common.ts';
import { CallError } from './errors.ts';

/** One page as a store gives it. */
export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
}

/**
 * Where a page of a list begins that is read newest first: below this id. Ids are UUIDs of version 7 and rise with time; the cursor is the
 * last id of the page before. Throws CallError `invalid_argument` for what is none, which a database would take for a failure of its own.
 */
export function checkedCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined || Id.safeParse(cursor).success) return cursor;
  throw new CallError('invalid_argument', 'the cursor is not one of ours');
}

/** A page out of up to one row more than it holds, which says only that there is a next one. */
export function pageOfRows<Row extends { readonly id: string }>(
  found: readonly Row[],
  limit: number,
): Page<Row> {
  const items = found.slice(0, limit);
  return { items, nextCursor: found.length > limit ? (items.at(-1)?.id ?? null) : null };
}
