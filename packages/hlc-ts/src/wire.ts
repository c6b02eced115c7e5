import { type Timestamp, WALL_MS_MAX } from './timestamp.ts';

const WIRE_PATTERN = /^[0-9a-f]{4}:[0-9a-f]{4}:[0-9a-f]{4}$/i;

/** The wire form carries the low 24 bits of the wall: it repeats after 4 h 39 min 37.216 s. */
export const WIRE_WRAP_MS = 2 ** 24;

const HEX4 = Array.from({ length: 0x1_0000 }, (_, value) => value.toString(16).padStart(4, '0'));

/**
 * `wwww:cccc:nnnn` with w = (ms div 256) mod 2^16, c = (ms mod 256) · 256 + counter, n = node.
 * A counter above 255 borrows milliseconds; {@link Hlc} never hands one out. Do not compare these
 * texts as clocks: they wrap. The full form is {@link encodeFull}.
 */
export function encodeWire(timestamp: Timestamp): string {
  const wallMs = timestamp.wallMs + (timestamp.logical >>> 8);
  const high = Math.floor(wallMs / 256) % 0x1_0000;
  const low = (wallMs % 256) * 256 + (timestamp.logical & 0xff);
  return `${HEX4[high]}:${HEX4[low]}:${HEX4[timestamp.node]}`;
}

/**
 * The timestamp nearest to `referenceMs` (the time the message was stored, else the receiver's
 * clock) that this text can stand for: exact while the two are less than 2 h 19 min apart.
 * `undefined` when the text does not match the pattern or the reference is no time.
 */
export function decodeWire(text: string, referenceMs: number): Timestamp | undefined {
  if (!WIRE_PATTERN.test(text)) return undefined;
  const reference = Math.floor(referenceMs);
  if (!(reference >= 0 && reference <= WALL_MS_MAX)) return undefined;
  const low = Number.parseInt(text.slice(5, 9), 16);
  const wallLow = Number.parseInt(text.slice(0, 4), 16) * 256 + (low >>> 8);
  // Half a period is taken off first, so that the remainder picks the nearest period, not the one below.
  const behind = modulo(reference - wallLow + WIRE_WRAP_MS / 2, WIRE_WRAP_MS) - WIRE_WRAP_MS / 2;
  let wallMs = reference - behind;
  if (wallMs < 0) wallMs += WIRE_WRAP_MS;
  if (wallMs > WALL_MS_MAX) wallMs -= WIRE_WRAP_MS;
  return { wallMs, logical: low & 0xff, node: Number.parseInt(text.slice(10), 16) };
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
