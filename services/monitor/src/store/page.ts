export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
}

/** Makes a page of `limit` rows out of `limit + 1`: the row too many only says that there is a next page. */
export function pageQuery<Row extends { id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  fromRow: (row: Row) => Item,
): Page<Item> {
  const items = rows.slice(0, limit);
  return { items: items.map(fromRow), nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}
