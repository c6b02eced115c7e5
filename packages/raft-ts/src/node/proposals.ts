import { type ProposeRefusal, type ProposeResult } from '../raft.ts';
import { type ProposalFailure } from './waiters.ts';

/** In one append at most; the rest goes into the next. */
const BATCH_MAX = 1_024;

/** Refused for its own sake or for its size: the others of the batch may still be taken. */
const OF_ONE: ReadonlySet<ProposeRefusal> = new Set(['empty', 'too_large', 'overloaded']);

/** The place of the proposal in the log, or why it has none. */
export type Placed =
  Extract<ProposeResult, { ok: true }> | { readonly ok: false; readonly reason: ProposalFailure };

interface Proposal {
  readonly data: Uint8Array;
  readonly settle: (placed: Placed) => void;
}

/** Proposals that wait for the disk to be free: what came meanwhile goes into the log, and to each peer, as one. */
export class Proposals {
  readonly #waiting: Proposal[] = [];

  add(data: Uint8Array, settle: (placed: Placed) => void): void {
    this.#waiting.push({ data, settle });
  }

  /** Appends what waits; each caller learns its own place. */
  flush(proposeAll: (data: readonly Uint8Array[]) => ProposeResult): void {
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, BATCH_MAX);
    const result = proposeAll(batch.map(({ data }) => data));
    for (const [at, { data, settle }] of batch.entries()) {
      if (result.ok) settle({ ...result, index: result.index + at });
      else settle(batch.length > 1 && OF_ONE.has(result.reason) ? proposeAll([data]) : result);
    }
  }

  drop(reason: ProposalFailure): void {
    for (const { settle } of this.#waiting.splice(0)) settle({ ok: false, reason });
  }
}
