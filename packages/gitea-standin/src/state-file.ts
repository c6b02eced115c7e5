import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { emptyState, type State } from './domain/model.ts';

const STATE_FILE_VERSION = 1;
/** Changes within this time are written together. */
const WRITE_DELAY_MS = 200;
/** Above this size the file is left as it is: a run that grows so large is no longer one that somebody looks at. */
export const STATE_BYTES_MAX = 64 * 1024 * 1024;

/** Keeps the state over restarts. Written beside and renamed, so that a reader never sees half a file. */
export class StateFile {
  readonly #path: string;
  readonly #state: State;
  #timer: NodeJS.Timeout | null = null;
  #isTooLarge = false;

  constructor(path: string, state: State) {
    this.#path = path;
    this.#state = state;
  }

  get isTooLarge(): boolean {
    return this.#isTooLarge;
  }

  changed(): void {
    this.#timer ??= setTimeout(() => this.write(), WRITE_DELAY_MS).unref();
  }

  write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const text = JSON.stringify({ version: STATE_FILE_VERSION, state: this.#state });
    this.#isTooLarge = Buffer.byteLength(text) > STATE_BYTES_MAX;
    if (this.#isTooLarge) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    const beside = `${this.#path}.new`;
    writeFileSync(beside, text, { mode: 0o600, flush: true });
    renameSync(beside, this.#path);
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) this.write();
  }
}

/** An absent file is an empty state; one of another version is an error, never silently replaced. */
export function readState(path: string): State {
  if (!existsSync(path)) return emptyState();
  const { version, state } = JSON.parse(readFileSync(path, 'utf8')) as { version: number; state: State };
  if (version !== STATE_FILE_VERSION) {
    throw new Error(`${path} is of version ${version}, not ${STATE_FILE_VERSION}`);
  }
  return { ...emptyState(), ...state };
}
