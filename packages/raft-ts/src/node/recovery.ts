import { MemoryStorage } from '../storage.ts';
import { type Disk } from './disk.ts';
import { decodeMark, encodeMark, type Mark, MARK_FILE_BYTES, slotOffset } from './mark.ts';
import { decodeRecords, encodeRecords, type LogRecord } from './record.ts';
import { DamagedLogError, ForeignLogError } from './storage-errors.ts';

export const MARK_FILE = 'mark';
export const NEW_SUFFIX = '.new';

export function logFile(generation: number): string {
  return `log-${generation}`;
}

export interface Owner {
  readonly clusterId: string;
  readonly node: string;
}

export interface Recovered {
  readonly memory: MemoryStorage;
  readonly mark: Mark;
  /** Length of the sound part of the log file; what stood behind it was cut off. */
  readonly bytes: number;
  readonly checksum: number;
  readonly tornBytes: number;
}

/** Applies records to an empty log, as they were written. */
function replay(records: readonly LogRecord[]): MemoryStorage {
  const memory = new MemoryStorage();
  for (const record of records) {
    if (record.kind === 'hardState') memory.setHardState(record.hardState);
    else if (record.kind === 'entry') memory.append([record.entry]);
    else if (record.kind === 'snapshot') memory.applySnapshot(record.snapshot);
  }
  return memory;
}

/** A directory that holds nothing yet: the log first, the mark last, so that a mark is never without its log. */
export async function initialise(disk: Disk, owner: Owner): Promise<void> {
  const header = encodeRecords([{ kind: 'header', ...owner, generation: 1 }], 0);
  await writeWhole(disk, logFile(1), header.bytes);
  const file = Buffer.alloc(MARK_FILE_BYTES);
  for (const sequence of [1, 2]) {
    const mark = { sequence, generation: 1, bytes: header.bytes.byteLength };
    file.set(encodeMark(mark), slotOffset(mark));
  }
  await writeWhole(disk, MARK_FILE, file);
}

/** A file that is either complete and durable under its name, or not there. */
export async function writeWhole(disk: Disk, name: string, bytes: Uint8Array): Promise<void> {
  const file = disk.open(name + NEW_SUFFIX);
  try {
    file.truncate(0);
    file.write(bytes, 0);
    await file.sync();
  } finally {
    file.close();
  }
  await disk.rename(name + NEW_SUFFIX, name);
  await disk.syncDirectory();
}

/**
 * Reads what is there. A record that does not check out is a write that the crash cut short only where nothing was
 * durable yet; before that it is damage (as in "Protocol-Aware Recovery", FAST '18, §3.3).
 */
export async function recover(disk: Disk, owner: Owner): Promise<Recovered> {
  const names = await disk.list();
  if (!names.includes(MARK_FILE)) {
    if (names.some((name) => /^log-\d+$/.test(name) && name !== logFile(1))) {
      throw new DamagedLogError('the mark file is missing');
    }
    await requireUnused(disk, names);
    await initialise(disk, owner);
  }
  const mark = decodeMark(await disk.read(MARK_FILE));
  if (mark === undefined) throw new DamagedLogError('the mark file has no sound slot');
  const name = logFile(mark.generation);
  if (!(await disk.list()).includes(name)) throw new DamagedLogError(`${name} is missing`);
  const content = await disk.read(name);
  const { records, soundBytes, checksum } = decodeRecords(content);
  if (soundBytes < mark.bytes) {
    throw new DamagedLogError(`${name} is sound for ${soundBytes} bytes, of ${mark.bytes} made durable`);
  }
  requireOwner(records[0], owner, mark.generation);
  const memory = replay(records);
  return { memory, mark, bytes: soundBytes, checksum, tornBytes: content.byteLength - soundBytes };
}

/** A first log without mark is left by a crash of `initialise`, but then it holds nothing but its header. */
async function requireUnused(disk: Disk, names: readonly string[]): Promise<void> {
  if (!names.includes(logFile(1))) return;
  const { records } = decodeRecords(await disk.read(logFile(1)));
  if (records.length > 1) throw new DamagedLogError('the mark file is missing');
}

function requireOwner(header: LogRecord | undefined, owner: Owner, generation: number): void {
  if (header?.kind !== 'header' || header.generation !== generation) {
    throw new DamagedLogError('the header is not that of this log file');
  }
  if (header.clusterId !== owner.clusterId || header.node !== owner.node) {
    throw new ForeignLogError(
      `the log belongs to node ${header.node} of cluster ${header.clusterId}, ` +
        `not to node ${owner.node} of cluster ${owner.clusterId}`,
    );
  }
}
