import { type Disk, type DiskFile } from '../src/node/index.ts';

interface Contents {
  bytes: Buffer;
}

/** One thing that happened to the disk; what is not followed by a flush may be missing after a power cut. */
type Operation =
  | { readonly kind: 'write'; readonly file: Contents; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: Contents; readonly length: number }
  | { readonly kind: 'sync'; readonly file: Contents }
  | { readonly kind: 'name'; readonly name: string; readonly file: Contents | undefined }
  | { readonly kind: 'syncDirectory' };

function changed(bytes: Buffer, operation: Operation): Buffer {
  if (operation.kind === 'truncate') {
    const cut = Buffer.alloc(operation.length);
    bytes.copy(cut);
    return cut;
  }
  if (operation.kind !== 'write') return bytes;
  const end = Math.max(bytes.byteLength, operation.at + operation.bytes.byteLength);
  const grown = Buffer.alloc(end);
  bytes.copy(grown);
  operation.bytes.copy(grown, operation.at);
  return grown;
}

/** A directory in memory that keeps a journal, so that a power cut at any point can be played. */
export class MemoryDisk implements Disk {
  readonly files = new Map<string, Contents>();
  readonly journal: Operation[] = [];

  async list(): Promise<readonly string[]> {
    return [...this.files.keys()];
  }

  async read(name: string): Promise<Uint8Array> {
    const file = this.files.get(name);
    if (file === undefined) throw new Error(`no file ${name}`);
    return new Uint8Array(file.bytes);
  }

  open(name: string): DiskFile {
    const file = this.files.get(name) ?? { bytes: Buffer.alloc(0) };
    if (!this.files.has(name)) this.#name(name, file);
    const act = (operation: Operation): void => {
      this.journal.push(operation);
      file.bytes = changed(file.bytes, operation);
    };
    return {
      write: (bytes, at) => act({ kind: 'write', file, at, bytes: Buffer.from(bytes) }),
      truncate: (length) => act({ kind: 'truncate', file, length }),
      sync: async () => act({ kind: 'sync', file }),
      close: () => undefined,
    };
  }

  #name(name: string, file: Contents | undefined): void {
    this.journal.push({ kind: 'name', name, file });
    if (file === undefined) this.files.delete(name);
    else this.files.set(name, file);
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.files.get(from);
    this.#name(from, undefined);
    this.#name(to, file);
  }

  async remove(name: string): Promise<void> {
    this.#name(name, undefined);
  }

  async syncDirectory(): Promise<void> {
    this.journal.push({ kind: 'syncDirectory' });
  }

  copy(): MemoryDisk {
    const copy = new MemoryDisk();
    for (const [name, file] of this.files) copy.files.set(name, { bytes: Buffer.from(file.bytes) });
    return copy;
  }

  /**
   * The disk after a power cut behind the first `count` operations: flushed ones are there, of the others those
   * that `survives` says; a write may be cut short. Names survive in order.
   */
  afterPowerCut(count: number, survives: (operation: number) => 'all' | 'part' | 'none'): MemoryDisk {
    const done = this.journal.slice(0, count);
    const lastSync = new Map<Contents, number>();
    let namesSynced = -1;
    for (const [at, operation] of done.entries()) {
      if (operation.kind === 'sync') lastSync.set(operation.file, at);
      else if (operation.kind === 'syncDirectory') namesSynced = at;
    }
    const bytes = new Map<Contents, Buffer>();
    const names = new Map<string, Contents>();
    let namesLost = false;
    for (const [at, operation] of done.entries()) {
      if (operation.kind === 'name') {
        namesLost ||= at > namesSynced && survives(at) === 'none';
        if (namesLost) continue;
        if (operation.file === undefined) names.delete(operation.name);
        else names.set(operation.name, operation.file);
      } else if (operation.kind === 'write' || operation.kind === 'truncate') {
        const flushed = at < (lastSync.get(operation.file) ?? -1);
        const fate = flushed ? 'all' : survives(at);
        if (fate === 'none') continue;
        const part =
          fate === 'part' && operation.kind === 'write'
            ? { ...operation, bytes: operation.bytes.subarray(0, Math.floor(operation.bytes.byteLength / 2)) }
            : operation;
        bytes.set(operation.file, changed(bytes.get(operation.file) ?? Buffer.alloc(0), part));
      }
    }
    const disk = new MemoryDisk();
    for (const [name, file] of names) disk.files.set(name, { bytes: bytes.get(file) ?? Buffer.alloc(0) });
    return disk;
  }
}
