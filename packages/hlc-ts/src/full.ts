import { type Timestamp } from './timestamp.ts';

const FULL_PATTERN = /^[0-9a-f]{12}:[0-9a-f]{4}:[0-9a-f]{4}$/i;

/** All 80 bits as `wwwwwwwwwwww:llll:nnnn`, lower case; texts sort as {@link compare} orders. */
export function encodeFull(timestamp: Timestamp): string {
  return `${hex(timestamp.wallMs, 12)}:${hex(timestamp.logical, 4)}:${hex(timestamp.node, 4)}`;
}

/** The inverse of {@link encodeFull}; `undefined` for any other text. */
export function decodeFull(text: string): Timestamp | undefined {
  if (!FULL_PATTERN.test(text)) return undefined;
  return {
    wallMs: Number.parseInt(text.slice(0, 12), 16),
    logical: Number.parseInt(text.slice(13, 17), 16),
    node: Number.parseInt(text.slice(18), 16),
  };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
