import { type Place } from './control-decoder.ts';

/** A message's place, in the stream and as its consumer counts, and how many lie behind it. */
export interface Delivered extends Place {
  readonly consumerSequence: number;
  readonly pending: number;
}

const DOT = 0x2e;
const ZERO = 0x30;
const SHORT_FORM_DOTS = 8;
const DOTS_MAX = 11;
/** Where the dots are, and the end behind the last one. */
const dotsAt = new Int32Array(DOTS_MAX + 1);
/** Nanoseconds are cut to milliseconds as text: as a number they are too large to be exact. */
const DIGITS_BELOW_MS = 6;

/**
 * From the subject that an acknowledgement would go to: `$JS.ACK.….<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>`.
 * Read by hand, because it is done for every claim.
 */
export function placeOf(reply: string): Delivered {
  let dots = 0;
  for (let i = 0; i < reply.length; i += 1) {
    if (reply.charCodeAt(i) !== DOT) continue;
    if (dots < dotsAt.length) dotsAt[dots] = i;
    dots += 1;
  }
  dotsAt[Math.min(dots, DOTS_MAX)] = reply.length;
  // The long form has domain and account before, and a random token behind.
  const before = dots > SHORT_FORM_DOTS ? 6 : 4;
  const timeEnd = dotsAt[before + 3] ?? 0;
  return {
    sequence: digits(reply, before, dotsAt[before + 1] ?? 0),
    consumerSequence: digits(reply, before + 1, dotsAt[before + 2] ?? 0),
    storedAtMs: digits(reply, before + 2, timeEnd - DIGITS_BELOW_MS),
    pending: digits(reply, before + 3, dotsAt[before + 4] ?? 0),
  };
}

/** The number that begins behind this dot. */
function digits(text: string, dot: number, to: number): number {
  let value = 0;
  for (let i = (dotsAt[dot] ?? 0) + 1; i < to; i += 1) value = value * 10 + (text.charCodeAt(i) - ZERO);
  return value;
}
