import { assert } from '@whoosh/stdx';
import { type Frame } from './sse.ts';

export interface StoredFrame extends Frame {
  readonly id: number;
}

/**
 * The newest events, by stream sequence, within two limits. A reader that comes back soon is served from here; the
 * stream itself is asked only by those who were away longer.
 */
export class EventRing {
  readonly #framesMax: number;
  readonly #charactersMax: number;
  #frames: StoredFrame[] = [];
  #characters = 0;
  #coversFrom: number;

  /** `coversFrom`: the first sequence from which on nothing is missing here. */
  constructor(limits: { framesMax: number; charactersMax: number; coversFrom: number }) {
    this.#framesMax = limits.framesMax;
    this.#charactersMax = limits.charactersMax;
    this.#coversFrom = limits.coversFrom;
  }

  /** Returns false for one that is known already (a consumer that was reset reads some again). */
  add(frame: StoredFrame): boolean {
    if (frame.id <= this.newest) return false;
    this.#frames.push(frame);
    this.#characters += frame.data.length;
    while (this.#frames.length > this.#framesMax || this.#characters > this.#charactersMax) {
      const dropped = this.#frames.shift();
      assert(dropped !== undefined, 'a ring beyond its limits holds something');
      this.#characters -= dropped.data.length;
      this.#coversFrom = dropped.id + 1;
    }
    return true;
  }

  get newest(): number {
    return this.#frames.at(-1)?.id ?? this.#coversFrom - 1;
  }

  /** Everything after `sequence`, or undefined when the ring does not reach back that far. */
  after(sequence: number): readonly StoredFrame[] | undefined {
    if (sequence + 1 < this.#coversFrom) return undefined;
    return this.#frames.filter(({ id }) => id > sequence);
  }
}
