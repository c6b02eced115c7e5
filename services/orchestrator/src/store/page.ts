import { CallError, Id } from '@whoosh/contracts';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** Newest first by id, which is ordered by time; the cursor is the last id of the page before. */
export function checkedCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined || Id.safeParse(cursor).success) return cursor;
  throw new CallError('invalid_argument', 'the cursor is not one of ours');
}

/** Of one row more than the page holds. */
export function pageOf<Item extends { readonly id: string }>(
  found: readonly Item[],
  limit: number,
): Page<Item> {
  const items = found.slice(0, limit);
  return { items, nextCursor: found.length > limit ? (items.at(-1)?.id ?? null) : null };
}
