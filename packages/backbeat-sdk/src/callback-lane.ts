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
    if (!this.#isBusy) void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    this.#waitingBeat = undefined;
    this.#waitingDownbeat = undefined;
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    while (this.#waitingBeat !== undefined) {
      const beat = this.#waitingBeat;
      const downbeat = this.#waitingDownbeat;
      this.#waitingBeat = undefined;
      this.#waitingDownbeat = undefined;
      if (downbeat !== undefined) await this.#callAll(this.#onDownbeat, downbeat);
      await this.#callAll(this.#onBeat, beat);
    }
    this.#isBusy = false;
  }

  async #callAll(callbacks: ReadonlySet<BeatCallback>, beat: Beat): Promise<void> {
    for (const callback of callbacks) {
      try {
        const running = callback(beat);
        if (running !== undefined) await running;
      } catch (cause) {
        attempt(() => this.#report.failed(cause, beat));
      }
    }
  }
}

function attempt(report: () => void): void {
  try {
    report();
  } catch {
    // The lane goes on: a reporter that fails must not end the callbacks it reports on.
  }
}
