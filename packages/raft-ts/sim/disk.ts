import { type HardState, MemoryStorage, type Ready, type Snapshot } from '../src/index.ts';
import { type Random } from './random.ts';

function copyOf(storage: MemoryStorage): MemoryStorage {
  const copy = new MemoryStorage();
  copy.applySnapshot(storage.snapshot());
  copy.append(storage.entries(storage.firstIndex(), storage.lastIndex() + 1, Number.POSITIVE_INFINITY) ?? []);
  copy.setHardState(storage.hardState());
  return copy;
}

/** A disk whose writes are lost by a crash until they are flushed: all, none, or the first few of them. */
export class SimDisk {
  /** What the running process reads. */
  live = new MemoryStorage();
  /** What survives. */
  readonly durable = new MemoryStorage();
  #pending: ((to: MemoryStorage) => void)[] = [];

  /** In the order of the log file: snapshot, entries, hard state. */
  write(ready: Pick<Ready, 'snapshot' | 'entries' | 'hardState'>): void {
    const { snapshot, entries, hardState } = ready;
    if (snapshot !== undefined) this.#record((to) => to.applySnapshot(snapshot));
    for (const entry of entries) this.#record((to) => to.append([entry]));
    if (hardState !== undefined) this.#record((to) => to.setHardState(hardState));
  }

  #record(change: (to: MemoryStorage) => void): void {
    change(this.live);
    this.#pending.push(change);
  }

  /** How much a flush that starts now will cover. */
  get pending(): number {
    return this.#pending.length;
  }

  flush(count: number): void {
    for (const change of this.#pending.splice(0, count)) change(this.durable);
  }

  /** Written beside the old log and renamed: happens whole or not at all. */
  compact(snapshot: Snapshot): void {
    this.flush(this.pending);
    for (const storage of [this.live, this.durable]) {
      storage.saveSnapshot(snapshot);
      storage.compact(snapshot.index);
    }
  }

  /** Flushed writes stay; of the others a part may have made it, in order. */
  crash(random: Random): void {
    this.flush(random.int(0, this.pending));
    this.#pending = [];
    this.live = copyOf(this.durable);
  }

  get hardState(): HardState {
    return this.live.hardState();
  }
}
