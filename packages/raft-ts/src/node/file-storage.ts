import { type Entry, type HardState, type Snapshot } from '../message.ts';
import { type Ready } from '../ready.ts';
import { type MemoryStorage, type Storage } from '../storage.ts';
import { type Disk, type DiskFile } from './disk.ts';
import { encodeMark, type Mark, slotOffset } from './mark.ts';
import { encodeRecords, type LogRecord } from './record.ts';
import { logFile, MARK_FILE, type Owner, type Recovered, recover, writeWhole } from './recovery.ts';
import { DiskFailureError } from './storage-errors.ts';

/** What has to be written of a `Ready`. */
export type Writes = Pick<Ready, 'hardState' | 'entries' | 'snapshot' | 'mustSync'>;

/**
 * The durable log of one node: one append-only file of checksummed records, and a mark of how much of it is known to
 * be durable. Reads come from memory. Writes happen in the order of the calls; after a failed one all others fail.
 */
export class FileStorage implements Storage {
  readonly #disk: Disk;
  readonly #owner: Owner;
  readonly #memory: MemoryStorage;
  #mark: Mark;
  #markFile: DiskFile;
  #file: DiskFile;
  #bytes: number;
  #syncedBytes: number;
  #checksum: number;
  #queue: Promise<void> = Promise.resolve();
  #marking: Promise<void> | undefined;
  #failure: DiskFailureError | undefined;
  /** Bytes that a crash had cut short and that were dropped at the start. */
  readonly tornBytes: number;

  private constructor(disk: Disk, owner: Owner, found: Recovered) {
    this.#disk = disk;
    this.#owner = owner;
    this.#memory = found.memory;
    this.#mark = found.mark;
    this.#bytes = found.bytes;
    this.#syncedBytes = found.bytes;
    this.#checksum = found.checksum;
    this.tornBytes = found.tornBytes;
    this.#file = disk.open(logFile(found.mark.generation));
    this.#markFile = disk.open(MARK_FILE);
  }

  /** Throws `DamagedLogError` or `ForeignLogError`; a cut-short last write is dropped. */
  static async open(disk: Disk, owner: Owner): Promise<FileStorage> {
    const storage = new FileStorage(disk, owner, await recover(disk, owner));
    storage.#file.truncate(storage.#bytes);
    await storage.#file.sync();
    await storage.#writeMark();
    await storage.#removeStaleFiles();
    return storage;
  }

  /** Files of an interrupted compaction, or of the generation before it. */
  async #removeStaleFiles(): Promise<void> {
    const current = logFile(this.#mark.generation);
    const names = await this.#disk.list();
    const stale = names.filter((name) => /^(log-\d+|mark)(\.new)?$/.test(name));
    for (const name of stale) if (name !== current && name !== MARK_FILE) await this.#disk.remove(name);
    await this.#disk.syncDirectory();
  }

  hardState(): HardState {
    return this.#memory.hardState();
  }

  firstIndex(): number {
    return this.#memory.firstIndex();
  }

  lastIndex(): number {
    return this.#memory.lastIndex();
  }

  term(index: number): number | undefined {
    return this.#memory.term(index);
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] | undefined {
    return this.#memory.entries(low, high, maxBytes);
  }

  snapshot(): Snapshot {
    return this.#memory.snapshot();
  }

  /** Bytes in the log file; what a compaction would shorten. */
  get fileBytes(): number {
    return this.#bytes;
  }

  /** Resolves when the writes are as durable as they ask to be. Throws `DiskFailureError`. */
  async persist(writes: Writes): Promise<void> {
    return this.#inOrder(async () => {
      const records: LogRecord[] = [];
      if (writes.snapshot !== undefined) records.push({ kind: 'snapshot', snapshot: writes.snapshot });
      for (const entry of writes.entries) records.push({ kind: 'entry', entry });
      if (writes.hardState !== undefined) records.push({ kind: 'hardState', hardState: writes.hardState });
      if (records.length > 0) this.#append(records);
      if (writes.mustSync) await this.#sync();
      if (writes.snapshot !== undefined) this.#memory.applySnapshot(writes.snapshot);
      this.#memory.append(writes.entries);
      if (writes.hardState !== undefined) this.#memory.setHardState(writes.hardState);
    });
  }

  #append(records: readonly LogRecord[]): void {
    const { bytes, checksum } = encodeRecords(records, this.#checksum);
    this.#file.write(bytes, this.#bytes);
    this.#bytes += bytes.byteLength;
    this.#checksum = checksum;
  }

  async #sync(): Promise<void> {
    const covered = this.#bytes;
    await this.#file.sync();
    this.#syncedBytes = covered;
    this.#markSoon();
  }

  /** The mark follows the log without anyone waiting for it, and one mark stands for all syncs before it. */
  #markSoon(): void {
    this.#marking ??= this.#writeMark()
      .catch((cause: unknown) => {
        this.#failure ??= new DiskFailureError('the mark of the raft log could not be written', { cause });
      })
      .finally(() => {
        this.#marking = undefined;
        if (this.#failure === undefined && this.#mark.bytes < this.#syncedBytes) this.#markSoon();
      });
  }

  async #writeMark(): Promise<void> {
    const mark = { ...this.#mark, sequence: this.#mark.sequence + 1, bytes: this.#syncedBytes };
    this.#markFile.write(encodeMark(mark), slotOffset(mark));
    await this.#markFile.sync();
    this.#mark = mark;
  }

  async #settled(): Promise<void> {
    while (this.#marking !== undefined) await this.#marking;
  }

  /**
   * Keeps `snapshot` of the own state machine and drops the entries it covers, by writing the log anew beside the
   * old one. A crash at any point leaves one of the two complete. Not while a `Ready` is open.
   */
  async compact(snapshot: Snapshot): Promise<void> {
    return this.#inOrder(async () => {
      if (snapshot.index <= this.#memory.snapshot().index) return;
      await this.#settled();
      this.#memory.saveSnapshot(snapshot);
      this.#memory.compact(snapshot.index);
      await this.#rewrite();
    });
  }

  async #rewrite(): Promise<void> {
    const generation = this.#mark.generation + 1;
    const held =
      this.#memory.entries(this.firstIndex(), this.lastIndex() + 1, Number.POSITIVE_INFINITY) ?? [];
    const records: LogRecord[] = [
      { kind: 'header', ...this.#owner, generation },
      { kind: 'snapshot', snapshot: this.#memory.snapshot() },
      ...held.map((entry) => ({ kind: 'entry', entry }) as const),
      { kind: 'hardState', hardState: this.#memory.hardState() },
    ];
    const { bytes, checksum } = encodeRecords(records, 0);
    await writeWhole(this.#disk, logFile(generation), bytes);
    this.#file.close();
    this.#file = this.#disk.open(logFile(generation));
    this.#bytes = bytes.byteLength;
    this.#syncedBytes = this.#bytes;
    this.#checksum = checksum;
    this.#mark = { ...this.#mark, generation };
    // Both slots, so that neither names a file that is about to go.
    await this.#writeMark();
    await this.#writeMark();
    await this.#removeStaleFiles();
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        await work();
      } catch (cause) {
        this.#failure ??= new DiskFailureError('the raft log could not be written', { cause });
        throw this.#failure;
      }
    });
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Waits for what was asked for, then lets go of the files. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#settled();
    this.#file.close();
    this.#markFile.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
