import { type Beat } from './domain/beat.ts';

/** The reason a budget's signal is aborted with. */
export class BeatBudgetExceeded extends Error {
  override readonly name = 'BeatBudgetExceeded';
  readonly beats: number;

  constructor(beats: number) {
    super(`not done within ${beats} beats`);
    this.beats = beats;
  }
}

/** Counts the beats that pass while something is done, own beats included, and aborts it after so many. */
export class BeatBudget {
  readonly beats: number;
  readonly #controller = new AbortController();
  #left: number;
  #last: Beat | undefined;

  constructor(beats: number, current: Beat | undefined) {
    if (!Number.isInteger(beats) || beats < 1) {
      throw new RangeError(`a budget is a whole number of beats: ${beats}`);
    }
    this.beats = beats;
    this.#left = beats;
    this.#last = current;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  beat(beat: Beat): void {
    // Beats that were left out have passed as well; a new life of the cluster counts from its own start.
    if (this.#last !== undefined) {
      this.#left -= this.#last.epoch === beat.epoch ? Math.max(0, beat.index - this.#last.index) : 1;
    }
    this.#last = beat;
    if (this.#left <= 0) this.abort(new BeatBudgetExceeded(this.beats));
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Settles with the work, or rejects with the reason as soon as the signal is aborted. */
  async run<T>(work: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    const { signal } = this.#controller;
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([Promise.resolve(work(signal)), aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
