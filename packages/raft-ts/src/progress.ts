/** How the leader sends to one follower: one try at a time, a stream, or not at all until a snapshot is in. */
export type ProgressState = 'probe' | 'replicate' | 'snapshot';

/** The leader's view of one follower's log. Invariant: `match` < `next`. */
export class Progress {
  /** Highest index known to be durable on the follower. */
  match = 0;
  /** First index of the next append. */
  next: number;
  state: ProgressState = 'probe';
  /** Index of the snapshot that is under way; 0 when none is. */
  pendingSnapshot = 0;
  /** Leader's tick at which that snapshot was sent. */
  snapshotTick = 0;
  /** Heard from since the last quorum check. */
  recentlyActive = false;
  /** Nothing more is sent until an answer or a heartbeat reply comes. */
  flowPaused = false;
  /** Highest commit index sent; an answer that leaves it behind is worth an empty append. */
  sentCommit = 0;
  /** Leader's tick at which the newest acknowledged heartbeat was sent; -1 before the first. */
  ackedTick = -1;
  /** Newest read round that the follower's heartbeat replies confirm. */
  ackedReadRound = 0;
  /** Last index of each append that is not answered yet, oldest first. */
  readonly #inflight: number[] = [];
  readonly #inflightMax: number;

  constructor(next: number, inflightMax: number) {
    this.next = next;
    this.#inflightMax = inflightMax;
  }

  get inflight(): number {
    return this.#inflight.length;
  }

  get inflightFull(): boolean {
    return this.#inflight.length >= this.#inflightMax;
  }

  get paused(): boolean {
    return this.state === 'snapshot' || this.flowPaused;
  }

  #enter(state: ProgressState): void {
    this.state = state;
    this.flowPaused = false;
    this.pendingSnapshot = 0;
    this.#inflight.length = 0;
  }

  becomeProbe(): void {
    const pending = this.state === 'snapshot' ? this.pendingSnapshot : 0;
    this.#enter('probe');
    this.next = Math.max(this.match, pending) + 1;
    this.sentCommit = Math.min(this.sentCommit, this.next - 1);
  }

  becomeReplicate(): void {
    this.#enter('replicate');
    this.next = this.match + 1;
  }

  becomeSnapshot(index: number, tick: number): void {
    this.#enter('snapshot');
    this.snapshotTick = tick;
    this.pendingSnapshot = index;
    this.next = index + 1;
    this.sentCommit = index;
  }

  /** Accounts for an append of `count` entries starting at `next`. */
  sentAppend(count: number, commit: number): void {
    if (this.state === 'replicate') {
      if (count > 0) {
        this.next += count;
        this.#inflight.push(this.next - 1);
      }
      this.flowPaused = this.inflightFull;
    } else if (count > 0) {
      this.flowPaused = true;
    }
    this.sentCommit = commit;
  }

  canRaiseCommit(commit: number): boolean {
    return commit > this.sentCommit && this.sentCommit < this.next - 1;
  }

  /** The follower holds everything up to `index`; false when that is no news. */
  acknowledged(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    this.next = Math.max(this.next, index + 1);
    this.flowPaused = false;
    return true;
  }

  freeInflight(index: number): void {
    const kept = this.#inflight.findIndex((last) => last > index);
    this.#inflight.splice(0, kept === -1 ? this.#inflight.length : kept);
  }

  /** The follower refused an append after `rejected`; false when the refusal is old news. */
  refused(rejected: number, hint: number): boolean {
    if (this.state === 'replicate') {
      if (rejected <= this.match) return false;
      this.next = this.match + 1;
    } else {
      if (this.next - 1 !== rejected) return false;
      this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
      this.flowPaused = false;
    }
    this.sentCommit = Math.min(this.sentCommit, this.next - 1);
    return true;
  }
}
