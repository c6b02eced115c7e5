import { invariant } from './invariant.ts';
import { type Entry, type Snapshot, type SnapshotPoint } from './message.ts';
import { limitBytes, type Storage } from './storage.ts';

/** The durable log with, behind it, what is not durable yet. Entries up to `committed` never change. */
export class RaftLog {
  committed: number;
  applied: number;
  readonly #storage: Storage;
  /** Entries the caller has not persisted yet; they hide what storage holds from `#offset` on. */
  #unstable: Entry[] = [];
  #offset: number;
  #unstableSnapshot: Snapshot | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#offset = storage.lastIndex() + 1;
    this.committed = storage.firstIndex() - 1;
    this.applied = this.committed;
  }

  get firstIndex(): number {
    return this.#unstableSnapshot === undefined
      ? this.#storage.firstIndex()
      : this.#unstableSnapshot.index + 1;
  }

  get lastIndex(): number {
    return this.#offset + this.#unstable.length - 1;
  }

  get lastTerm(): number {
    return this.#knownTerm(this.lastIndex);
  }

  get unstableSnapshot(): Snapshot | undefined {
    return this.#unstableSnapshot;
  }

  get hasUnstable(): boolean {
    return this.#unstable.length > 0 || this.#unstableSnapshot !== undefined;
  }

  unstableEntries(): readonly Entry[] {
    return this.#unstable.slice();
  }

  #knownTerm(index: number): number {
    const term = this.term(index);
    invariant(term !== undefined, `term of index ${index} is unknown`);
    return term;
  }

  /** Term of the entry at `index`; `undefined` when compacted away or behind the end. */
  term(index: number): number | undefined {
    if (index < this.firstIndex - 1 || index > this.lastIndex) return undefined;
    if (index >= this.#offset) return this.#unstable[index - this.#offset]?.term;
    if (index === this.#unstableSnapshot?.index) return this.#unstableSnapshot.term;
    return this.#storage.term(index);
  }

  matches(point: SnapshotPoint): boolean {
    return this.term(point.index) === point.term;
  }

  /** Election restriction (§5.4.1): the later last term wins, then the longer log. */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    const ours = this.lastTerm;
    return lastTerm > ours || (lastTerm === ours && lastIndex >= this.lastIndex);
  }

  /** Entries from `low` on; `undefined` when they are compacted away. */
  entriesFrom(low: number, maxBytes: number): readonly Entry[] | undefined {
    return this.slice(low, this.lastIndex + 1, maxBytes);
  }

  slice(low: number, high: number, maxBytes: number): readonly Entry[] | undefined {
    if (low < this.firstIndex) return undefined;
    if (low >= high) return [];
    if (low >= this.#offset) {
      return limitBytes(this.#unstable.slice(low - this.#offset, high - this.#offset), maxBytes);
    }
    const stable = this.#storage.entries(low, Math.min(high, this.#offset), maxBytes);
    if (stable === undefined || high <= this.#offset) return stable;
    if (stable.length < this.#offset - low) return stable;
    return limitBytes([...stable, ...this.#unstable.slice(0, high - this.#offset)], maxBytes);
  }

  /** Adds entries of the own term at the end (leader). */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    invariant(first.index > this.committed, `entry ${first.index} would replace a committed one`);
    this.#truncateAndAppend(first.index, entries);
  }

  #truncateAndAppend(first: number, entries: readonly Entry[]): void {
    if (first < this.#offset) {
      this.#offset = first;
      this.#unstable = [];
    } else {
      this.#unstable.length = first - this.#offset;
    }
    for (const entry of entries) this.#unstable.push(entry);
  }

  /**
   * AppendEntries (§5.3): false when the point before the entries is not in this log. Existing entries are
   * replaced only from the first conflict on, so that an old, shorter append takes nothing away.
   */
  tryAppend(prev: SnapshotPoint, entries: readonly Entry[]): boolean {
    if (!this.matches(prev)) return false;
    const conflict = entries.findIndex((entry) => !this.matches(entry));
    if (conflict === -1) return true;
    const fresh = entries.slice(conflict);
    invariant((fresh[0]?.index ?? 0) > this.committed, 'an append conflicts with a committed entry');
    this.#truncateAndAppend(prev.index + conflict + 1, fresh);
    return true;
  }

  /** Last index at or before `index` whose term is not above `term`: where two logs may still agree. */
  findConflictByTerm(index: number, term: number): SnapshotPoint {
    for (let at = Math.min(index, this.lastIndex); at > 0; at -= 1) {
      const ours = this.term(at);
      if (ours === undefined) return { index: at, term: 0 };
      if (ours <= term) return { index: at, term: ours };
    }
    return { index: 0, term: 0 };
  }

  commitTo(index: number): void {
    if (index <= this.committed) return;
    invariant(index <= this.lastIndex, `commit ${index} is behind the log's end ${this.lastIndex}`);
    this.committed = index;
  }

  /** Committed entries that were not handed out yet, cut at `maxBytes`. */
  nextCommitted(maxBytes: number): readonly Entry[] {
    if (this.#unstableSnapshot !== undefined || this.applied >= this.committed) return [];
    const entries = this.slice(this.applied + 1, this.committed + 1, maxBytes);
    invariant(entries !== undefined, 'committed entries were compacted before they were applied');
    return entries;
  }

  get hasCommitted(): boolean {
    return this.committed > this.applied;
  }

  appliedTo(index: number): void {
    invariant(index <= this.committed && index >= this.applied, `applied ${index} is out of range`);
    this.applied = index;
  }

  restore(snapshot: Snapshot): void {
    this.committed = snapshot.index;
    this.#unstableSnapshot = snapshot;
    this.#unstable = [];
    this.#offset = snapshot.index + 1;
  }

  /** The caller has made everything up to this entry durable; ignored when it was replaced meanwhile. */
  stableTo(point: SnapshotPoint): void {
    if (point.index < this.#offset || this.term(point.index) !== point.term) return;
    this.#unstable = this.#unstable.slice(point.index - this.#offset + 1);
    this.#offset = point.index + 1;
  }

  snapshotStable(index: number): void {
    if (this.#unstableSnapshot?.index !== index) return;
    this.#unstableSnapshot = undefined;
    this.applied = Math.max(this.applied, index);
  }

  snapshot(): Snapshot {
    return this.#unstableSnapshot ?? this.#storage.snapshot();
  }
}
