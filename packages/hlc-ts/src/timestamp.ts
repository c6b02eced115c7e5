/** Largest wall part: 48 bits of milliseconds since 1970, enough until the year 10889. */
export const WALL_MS_MAX = 2 ** 48 - 1;
export const LOGICAL_MAX = 0xffff;
export const NODE_MAX = 0xffff;

/**
 * One reading of a hybrid logical clock. `wallMs` follows the physical clock but never goes back,
 * `logical` orders what happened within one wall reading, `node` only breaks ties: 16 bits are a
 * suffix, not an identity.
 */
export interface Timestamp {
  readonly wallMs: number;
  readonly logical: number;
  readonly node: number;
}

/** Total order: wall, then logical, then node. Negative when `a` is earlier. */
export function compare(a: Timestamp, b: Timestamp): number {
  if (a.wallMs !== b.wallMs) return a.wallMs < b.wallMs ? -1 : 1;
  if (a.logical !== b.logical) return a.logical < b.logical ? -1 : 1;
  if (a.node !== b.node) return a.node < b.node ? -1 : 1;
  return 0;
}

/** Whether the parts are whole numbers within 48, 16 and 16 bits. */
export function isTimestamp(value: Timestamp): boolean {
  return (
    isWithin(value.wallMs, WALL_MS_MAX) &&
    isWithin(value.logical, LOGICAL_MAX) &&
    isWithin(value.node, NODE_MAX)
  );
}

function isWithin(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}
