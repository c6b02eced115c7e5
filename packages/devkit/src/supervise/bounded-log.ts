/** What a process prints, in a file that cannot fill the disk: one older part is kept. */
import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const bytesMaxDefault = 8 * 1024 * 1024;

export class BoundedLog {
  readonly path: string;
  readonly #bytesMax: number;
  #file: number;
  #bytes = 0;
  #tail = '';

  /** Begins a new file; that of the run before becomes `<path>.1`. */
  constructor(path: string, bytesMax: number = bytesMaxDefault) {
    this.path = path;
    this.#bytesMax = bytesMax;
    mkdirSync(dirname(path), { recursive: true });
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) renameSync(path, `${path}.1`);
    this.#file = openSync(path, 'a', 0o600);
  }

  write(chunk: Buffer): void {
    this.#tail = (this.#tail + chunk.toString()).slice(-2_000);
    if (this.#bytes + chunk.length > this.#bytesMax) this.#rotate();
    writeSync(this.#file, chunk);
    this.#bytes += chunk.length;
  }

  /** The last lines, for a message that says why a process ended. */
  tail(lines: number): string {
    return this.#tail.trimEnd().split('\n').slice(-lines).join('\n');
  }

  close(): void {
    closeSync(this.#file);
  }

  #rotate(): void {
    closeSync(this.#file);
    renameSync(this.path, `${this.path}.1`);
    this.#file = openSync(this.path, 'a', 0o600);
    this.#bytes = 0;
  }
}
