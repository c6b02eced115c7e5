import { closeSync, constants, ftruncateSync, fdatasync, openSync, writeSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeDirectory, syncPath } from './make-directory.ts';

const fdatasyncAsync = promisify(fdatasync);

/** A file being written. What was written survives a power cut only after `sync` has resolved. */
export interface DiskFile {
  write(bytes: Uint8Array, position: number): void;
  truncate(length: number): void;
  sync(): Promise<void>;
  close(): void;
}

/** One directory. Creations, renames and removals survive a power cut only after `syncDirectory`. */
export interface Disk {
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Uint8Array>;
  open(name: string): DiskFile;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  syncDirectory(): Promise<void>;
}

const MODE_OWNER_ONLY = 0o600;

class RealFile implements DiskFile {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, openFlags, MODE_OWNER_ONLY);
  }

  write(bytes: Uint8Array, position: number): void {
    let done = 0;
    while (done < bytes.byteLength) {
      done += writeSync(this.#fd, bytes, done, bytes.byteLength - done, position + done);
    }
  }

  truncate(length: number): void {
    ftruncateSync(this.#fd, length);
  }

  async sync(): Promise<void> {
    await fdatasyncAsync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Opens or creates for writing without cutting the file off. */
const openFlags = constants.O_RDWR | constants.O_CREAT;

export class RealDisk implements Disk {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes the directory, and its name durable, when it is not there yet. */
  static async at(directory: string): Promise<RealDisk> {
    await makeDirectory(directory);
    return new RealDisk(directory);
  }

  async list(): Promise<readonly string[]> {
    return readdir(this.#directory);
  }

  async read(name: string): Promise<Uint8Array> {
    return readFile(join(this.#directory, name));
  }

  open(name: string): DiskFile {
    return new RealFile(join(this.#directory, name));
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(join(this.#directory, from), join(this.#directory, to));
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { force: true });
  }

  async syncDirectory(): Promise<void> {
    await syncPath(this.#directory);
  }
}
