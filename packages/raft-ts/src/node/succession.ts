/** After so many tries in vain the election timeout decides. */
const TRIES_MAX = 6;
/** An election takes two flushes one after the other; one that takes longer than this has most likely been split. */
const ELECTION_STEPS = 6;
const ELECTION_FLUSHES = 4;

/** Somebody asks for votes. */
export interface Asking {
  readonly kind: 'preVote' | 'vote';
  /** The asker's place in the queue. */
  readonly rank: number;
  /** The asker's log against the own one: negative worse, 0 equal, positive better. */
  readonly log: number;
}

/**
 * Who stands when, after the leader's connection has closed: one after the other by rank, and again while nobody
 * leads. Without it two that notice the loss in the same moment split the votes and wait for their timeouts. It only
 * chooses moments, and lets a question go unanswered as if it were lost; what a vote means is the core's alone.
 */
export class Succession {
  readonly #stepMs: number;
  readonly #size: number;
  #rank = 0;
  #tries = 0;
  #dueMs: number | undefined;
  #hasWaited = false;
  #favourite: { readonly rank: number; readonly untilMs: number } | undefined;

  constructor({ stepMs, size }: { readonly stepMs: number; readonly size: number }) {
    this.#stepMs = stepMs;
    this.#size = size;
  }

  /** When to ask `stands` next; undefined while there is nothing to decide. */
  get dueMs(): number | undefined {
    return this.#dueMs;
  }

  /** The leader is lost, and this node is at that place among those left. */
  begin(rank: number, nowMs: number): void {
    this.end();
    this.#rank = rank;
    this.#tries = 0;
    this.#dueMs = nowMs + rank * this.#stepMs;
  }

  /** Somebody leads, or the node stops. */
  end(): void {
    this.#dueMs = undefined;
    this.#favourite = undefined;
    this.#hasWaited = false;
  }

  /** At `dueMs`: whether this node stands now. `flushMs`: what writing a vote took lately. */
  stands(isCandidate: boolean, nowMs: number, flushMs: number): boolean {
    if (this.#tries === TRIES_MAX) {
      this.end();
      return false;
    }
    if (isCandidate && !this.#hasWaited) {
      this.#hasWaited = true;
      const patienceMs = Math.max(ELECTION_STEPS * this.#stepMs, ELECTION_FLUSHES * flushMs);
      this.#dueMs = nowMs + patienceMs + this.#rank * this.#stepMs;
      return false;
    }
    this.#hasWaited = false;
    this.#tries += 1;
    this.#dueMs = nowMs + (this.#size + this.#rank) * this.#stepMs;
    this.#favourite = { rank: this.#rank, untilMs: nowMs + this.#stepMs };
    return true;
  }

  /** False: this question is to be left unanswered, in favour of somebody before the asker who asked just now. */
  admits({ kind, rank, log }: Asking, nowMs: number): boolean {
    if (this.#dueMs === undefined) return true;
    const favourite = this.#favourite;
    const isFavoured = favourite === undefined || nowMs >= favourite.untilMs || rank <= favourite.rank;
    if (kind === 'preVote' && !isFavoured && log <= 0) return false;
    if (log < 0) return true;
    // The asker's turn: this node's own comes later.
    const steps = kind === 'preVote' ? this.#size : ELECTION_STEPS;
    this.#dueMs = Math.max(this.#dueMs, nowMs + steps * this.#stepMs);
    if (kind === 'preVote') this.#favourite = { rank, untilMs: nowMs + this.#stepMs };
    return true;
  }
}
