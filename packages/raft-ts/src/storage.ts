import { invariant } from './invariant.ts';
import { type Entry, type HardState, type Snapshot } from './message.ts';

export const EMPTY_HARD_STATE: HardState = { term: 0, vote: 0, commit: 0 };

/**
 * What the core reads of the durable log. The caller writes it (see `Ready`); both sides run on one thread, so an
 * answer never changes under the core. Indices up to and including the snapshot's are gone.
 */
export interface Storage {
  hardState(): HardState;
  /** First index whose entry is held; the one after the snapshot. */
  firstIndex(): number;
  lastIndex(): number;
  /** Term of an entry or of the snapshot point; `undefined` when compacted away or not written yet. */
  term(index: number): number | undefined;
  /** Entries of [low, high), cut after `maxBytes` but never to nothing; `undefined` when compacted away. */
  entries(low: number, high: number, maxBytes: number): readonly Entry[] | undefined;
  /** The newest snapshot; index 0 when there is none. */
  snapshot(): Snapshot;
}

/** As many leading entries as fit in `maxBytes`, at least one. */
export function limitBytes(entries: readonly Entry[], maxBytes: number): readonly Entry[] {
  let bytes = 0;
  for (const [position, entry] of entries.entries()) {
    bytes += entry.data.byteLength;
    if (bytes > maxBytes && position > 0) return entries.slice(0, position);
  }
  return entries;
}

/** The log in memory: for tests, for simulations, and as the readable side of a log on disk. */
export class MemoryStorage implements Storage {
  #hardState: HardState = EMPTY_HARD_STATE;
  #snapshot: Snapshot = { index: 0, term: 0, data: new Uint8Array() };
  /** Point before the first entry; the snapshot may be newer than it. */
  #base = { index: 0, term: 0 };
  #entries: Entry[] = [];

  hardState(): HardState {
    return this.#hardState;
  }

  firstIndex(): number {
    return this.#base.index + 1;
  }

  lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  term(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    return this.#entries[index - this.#base.index - 1]?.term;
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] | undefined {
    if (low < this.firstIndex()) return undefined;
    invariant(high <= this.lastIndex() + 1, `entries up to ${high} asked for, ${this.lastIndex()} held`);
    return limitBytes(this.#entries.slice(low - this.#base.index - 1, high - this.#base.index - 1), maxBytes);
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  setHardState(hardState: HardState): void {
    this.#hardState = hardState;
  }

  /** Appends, replacing whatever stands at or behind the first of `entries`. */
  append(entries: readonly Entry[]): void {
    const held = entries.filter((entry) => entry.index > this.#base.index);
    const first = held[0];
    if (first === undefined) return;
    invariant(first.index <= this.lastIndex() + 1, `gap in the log before index ${first.index}`);
    this.#entries.length = first.index - this.#base.index - 1;
    for (const entry of held) this.#entries.push(entry);
  }

  /** Replaces the log by a received snapshot. An older one than the present is left alone. */
  applySnapshot(snapshot: Snapshot): void {
    if (snapshot.index <= this.#snapshot.index) return;
    this.#snapshot = snapshot;
    this.#base = { index: snapshot.index, term: snapshot.term };
    this.#entries = [];
  }

  /** Keeps a snapshot of the own state machine; entries stay until `compact`. */
  saveSnapshot(snapshot: Snapshot): void {
    invariant(this.term(snapshot.index) === snapshot.term, 'a snapshot is of an entry of this log');
    if (snapshot.index > this.#snapshot.index) this.#snapshot = snapshot;
  }

  /** Drops the entries up to and including `index`, which a snapshot must cover. */
  compact(index: number): void {
    if (index <= this.#base.index) return;
    invariant(index <= this.#snapshot.index, 'only what a snapshot covers may be dropped');
    const term = this.term(index);
    invariant(term !== undefined, `compaction to ${index}, behind the log's end`);
    this.#entries = this.#entries.slice(index - this.#base.index);
    this.#base = { index, term };
  }
}
