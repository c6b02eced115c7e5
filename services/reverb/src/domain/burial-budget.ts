/** Of one kind at once: some hundred dead letters of ordinary size. */
export const BURST_BYTES = 64 * 1024;
/** And then: one or two a minute, 22 MiB in the 30 days that dead letters are kept. */
export const BYTES_PER_MINUTE = 512;

const MINUTE_MS = 60_000;

/**
 * How much of each kind of bad input is kept for an operator to look at: a bucket of bytes per kind, so that a flood of
 * one neither hides the others nor drives other dead letters out of their stream. Time is that of the claims
 * stream, so that replicas choose the same messages.
 */
export class BurialBudget {
  readonly #buckets = new Map<string, { bytes: number; atMs: number }>();

  /** Whether a letter of this size may be kept; kinds are a closed set. */
  take(kind: string, bytes: number, atMs: number): boolean {
    const bucket = this.#buckets.get(kind) ?? { bytes: BURST_BYTES, atMs };
    const passedMs = Math.max(0, atMs - bucket.atMs);
    const filled = Math.min(BURST_BYTES, bucket.bytes + (passedMs / MINUTE_MS) * BYTES_PER_MINUTE);
    const isTaken = bytes <= filled;
    this.#buckets.set(kind, {
      bytes: isTaken ? filled - bytes : filled,
      atMs: Math.max(atMs, bucket.atMs),
    });
    return isTaken;
  }
}
