import { type StateMachine } from 'raft-ts/node';
import { type Entry as LogEntry } from 'raft-ts';
import { apply, type Refusal } from '../domain/apply.ts';
import { decodeEntry, type Entry } from '../domain/entry.ts';
import { type Score } from '../domain/score.ts';

/** Outcomes are asked for right after the commit; older ones are of no use. */
const OUTCOMES_MAX = 64;

export interface AppliedEntry {
  readonly entry: Entry;
  readonly term: number;
  readonly refused: Refusal | undefined;
}

/** The score as Raft's state machine. */
export class ScoreMachine implements StateMachine {
  #score: Score | undefined;
  readonly #refusals = new Map<number, Refusal>();
  readonly #onApplied: (applied: AppliedEntry) => void;

  constructor(onApplied: (applied: AppliedEntry) => void) {
    this.#onApplied = onApplied;
  }

  get score(): Score | undefined {
    return this.#score;
  }

  /** Why the entry at this index of the log changed nothing; undefined when it did, or was long ago. */
  refusalOf(index: number): Refusal | undefined {
    return this.#refusals.get(index);
  }

  apply({ data, index, term }: LogEntry): void {
    const entry = decodeEntry(data);
    const { score, refused } = apply(this.#score, entry, term);
    this.#score = score;
    if (refused !== undefined) this.#remember(index, refused);
    this.#onApplied({ entry, term, refused });
  }

  #remember(index: number, refused: Refusal): void {
    this.#refusals.set(index, refused);
    const oldest = this.#refusals.keys().next().value;
    if (this.#refusals.size > OUTCOMES_MAX && oldest !== undefined) this.#refusals.delete(oldest);
  }

  snapshot(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify(this.#score ?? null));
  }

  restore(data: Uint8Array): void {
    this.#score = (JSON.parse(new TextDecoder().decode(data)) as Score | null) ?? undefined;
  }
}
