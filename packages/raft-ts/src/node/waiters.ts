import { type ProposeRefusal } from '../raft.ts';

/** `lost`: certainly not in the log. `timeout` and `stopped`: nobody knows, it may still be committed. */
export type ProposalFailure = ProposeRefusal | 'lost' | 'timeout' | 'stopped';

export class ProposalError extends Error {
  override readonly name = 'ProposalError';
  readonly reason: ProposalFailure;
  /** Whom to ask instead, when known. */
  readonly leader: string | undefined;

  constructor(reason: ProposalFailure, leader: string | undefined) {
    super(`the proposal was not committed: ${reason}`);
    this.reason = reason;
    this.leader = leader;
  }
}

export interface Committed {
  readonly index: number;
  readonly term: number;
}

interface Waiter extends Committed {
  readonly settle: (outcome: Committed | ProposalFailure) => void;
}

/** Callers that wait for the entry they proposed, in order of index. */
export class Waiters {
  readonly #waiting: Waiter[] = [];

  add(waiter: Waiter): void {
    // Nearly always the last; an index comes again when what had it in an earlier term was lost.
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1] as Waiter).index > waiter.index) at -= 1;
    this.#waiting.splice(at, 0, waiter);
  }

  drop(settle: Waiter['settle']): void {
    const at = this.#waiting.findIndex((waiter) => waiter.settle === settle);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  /** The entry at `index` is applied, and is of `term`: a proposal of another term at or before it is lost. */
  applied(index: number, term: number): void {
    this.#takeUpTo(index, (waiter) => (waiter.index === index && waiter.term === term ? waiter : 'lost'));
  }

  /** A snapshot jumped over these indices; whether the proposals are in it, nobody can tell. */
  skipped(index: number): void {
    this.#takeUpTo(index, () => 'timeout');
  }

  stopped(): void {
    this.#takeUpTo(Number.POSITIVE_INFINITY, () => 'stopped');
  }

  #takeUpTo(index: number, outcome: (waiter: Waiter) => Committed | ProposalFailure): void {
    const behind = this.#waiting.findIndex((waiter) => waiter.index > index);
    const taken = this.#waiting.splice(0, behind === -1 ? this.#waiting.length : behind);
    for (const waiter of taken) {
      const result = outcome(waiter);
      waiter.settle(typeof result === 'string' ? result : { index: waiter.index, term: waiter.term });
    }
  }
}
