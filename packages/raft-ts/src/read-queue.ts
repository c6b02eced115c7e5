import { invariant } from './invariant.ts';
import { type NodeId } from './message.ts';

/** A confirmed read: once everything up to `index` is applied, the state machine may answer it. */
export interface ReadState {
  readonly context: string;
  readonly index: number;
}

interface PendingRead {
  readonly round: number;
  readonly context: string;
  readonly from: NodeId;
  /** The commit index when the read came; `undefined` until the leader knows it. */
  readonly index: number;
}

export interface EarlyRead {
  readonly context: string;
  readonly from: NodeId;
}

/** Reads that wait: `early` ones for the term's first commit, the others for a quorum to confirm their round. */
export class ReadQueue {
  readonly #max: number;
  readonly #pending: PendingRead[] = [];
  #early: EarlyRead[] = [];
  #round = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get round(): number {
    return this.#round;
  }

  get full(): boolean {
    return this.#pending.length + this.#early.length >= this.#max;
  }

  get waiting(): boolean {
    return this.#pending.length > 0;
  }

  addEarly(read: EarlyRead): void {
    invariant(!this.full, 'the queue of reads is full');
    this.#early.push(read);
  }

  takeEarly(): readonly EarlyRead[] {
    const early = this.#early;
    this.#early = [];
    return early;
  }

  add(read: EarlyRead, index: number): void {
    this.#round += 1;
    this.#pending.push({ ...read, index, round: this.#round });
  }

  /** The reads whose round a quorum has confirmed, oldest first. */
  takeConfirmed(round: number): readonly PendingRead[] {
    const open = this.#pending.findIndex((read) => read.round > round);
    return this.#pending.splice(0, open === -1 ? this.#pending.length : open);
  }
}
