import { type Beat } from './domain/beat.ts';

export type BeatCallback = (beat: Beat) => void | Promise<void>;

/** Who is told what went wrong. What it throws itself is lost: there is nobody left to tell. */
export interface LaneReport {
  /** A callback was still running when this beat came. */
  slow(beat: Beat): void;
  failed(cause: unknown, beat: Beat): void;
}

/**
 * Runs one listener's callbacks, one at a time. A beat that comes while one is running waits for it; a
 * further one takes its place, so that at most the newest waits and nobody falls behind for good.
 */
export class CallbackLane {
  readonly #onBeat = new Set<BeatCallback>();
  readonly #onDownbeat = new Set<BeatCallback>();
  readonly #report: LaneReport;
  #isBusy = false;
  #waitingBeat: Beat | undefined;
  #waitingDownbeat: Beat | undefined;
  /** What is being called now, and with which beat. */
  #calls: Iterator<BeatCallback> | undefined;
  #calledWith: Beat | undefined;
  #isClosed = false;

  constructor(report: LaneReport) {
    this.#report = report;
  }

  onBeat(callback: BeatCallback): () => void {
    this.#onBeat.add(callback);
    return () => this.#onBeat.delete(callback);
  }

  onDownbeat(callback: BeatCallback): () => void {
    this.#onDownbeat.add(callback);
    return () => this.#onDownbeat.delete(callback);
  }

  offer(beat: Beat): void {
    if (this.#isClosed || (this.#onBeat.size === 0 && this.#onDownbeat.size === 0)) return;
    if (this.#isBusy) attempt(() => this.#report.slow(beat));
    this.#waitingBeat = beat;
    if (beat.downbeat) this.#waitingDownbeat = beat;
    if (!this.#isBusy) this.#run();
  }

  close(): void {
    this.#isClosed = true;
    this.#waitingBeat = undefined;
    this.#waitingDownbeat = undefined;
    this.#calls = undefined;
  }

  /** Goes on until nothing waits or a callback takes its time. Ten thousand agents that only take note cost no promise. */
  #run(): void {
    this.#isBusy = true;
    for (let callback = this.#next(); callback !== undefined; callback = this.#next()) {
      const running = this.#call(callback, this.#calledWith as Beat);
      if (running === undefined) continue;
      void running.then(() => this.#run());
      return;
    }
    this.#isBusy = false;
  }

  #next(): BeatCallback | undefined {
    for (;;) {
      const next = this.#calls?.next();
      if (next !== undefined && next.done !== true) return next.value;
      if (this.#waitingDownbeat !== undefined) {
        this.#calledWith = this.#waitingDownbeat;
        this.#waitingDownbeat = undefined;
        this.#calls = this.#onDownbeat.values();
      } else if (this.#waitingBeat !== undefined) {
        this.#calledWith = this.#waitingBeat;
        this.#waitingBeat = undefined;
        this.#calls = this.#onBeat.values();
      } else {
        this.#calls = undefined;
        return undefined;
      }
    }
  }

  /** A promise that never rejects, when the callback has given one. */
  #call(callback: BeatCallback, beat: Beat): Promise<void> | undefined {
    const failed = (cause: unknown): void => attempt(() => this.#report.failed(cause, beat));
    try {
      const running: unknown = callback(beat);
      return isThenable(running) ? Promise.resolve(running).then(nothing, failed) : undefined;
    } catch (cause) {
      failed(cause);
      return undefined;
    }
  }
}

function nothing(): void {}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function attempt(report: () => void): void {
  try {
    report();
  } catch {
    // The lane goes on: a reporter that fails must not end the callbacks it reports on.
  }
}
