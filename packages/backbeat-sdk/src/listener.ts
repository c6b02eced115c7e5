import { BeatBudget } from './beat-budget.ts';
import { type BeatLink, type LinkCounters, type LinkListener } from './beat-link.ts';
import { type BeatCallback, CallbackLane } from './callback-lane.ts';
import { type ClaimCounters } from './claim-sender.ts';
import { type Beat, type HeardFrame } from './domain/beat.ts';
import { type MetronomeMode } from './domain/metronome.ts';

export interface CurrentWindow {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly epoch: number;
}

export interface ListenerHealth {
  readonly connected: boolean;
  /** `silent`: no live frame yet; `degraded`: alone; `slewing`: on the way back to the pulse. */
  readonly mode: MetronomeMode;
  readonly lastFrameAgeMs: number | undefined;
  readonly link: Readonly<LinkCounters>;
  readonly claims: Readonly<ClaimCounters>;
  readonly slowCallbacks: number;
  readonly failedCallbacks: number;
}

/** Something that went wrong without being anybody's exception. */
export type ListenerProblem =
  | { readonly kind: 'slow_callback'; readonly beat: Beat }
  | { readonly kind: 'failed_callback'; readonly beat: Beat; readonly cause: unknown }
  | { readonly kind: 'late_frame'; readonly frame: HeardFrame; readonly lateMs: number };

/** Whoever lives by the beat: callbacks, the current beat, budgets. Callbacks of one listener never overlap. */
export class BeatListener {
  readonly link: BeatLink;
  readonly #lane: CallbackLane;
  readonly #onProblem = new Set<(problem: ListenerProblem) => void>();
  readonly #leave: () => void;
  readonly #release: () => Promise<void>;
  #slow = 0;
  #failed = 0;
  #isReplayOffered = false;

  constructor(link: BeatLink, release: () => Promise<void>) {
    this.link = link;
    this.#release = release;
    this.#lane = new CallbackLane({
      slow: (beat) => {
        this.#slow += 1;
        this.#tell({ kind: 'slow_callback', beat });
      },
      failed: (cause, beat) => {
        this.#failed += 1;
        this.#tell({ kind: 'failed_callback', cause, beat });
      },
    });
    const ear: LinkListener = {
      beat: (beat) => this.#lane.offer(beat),
      late: (frame, lateMs) => this.#tell({ kind: 'late_frame', frame, lateMs }),
    };
    this.#leave = link.add(ear);
  }

  /** Called on every beat, own ones included; the returned function ends it. A late joiner gets the stored beat at once. */
  onBeat(callback: BeatCallback): () => void {
    const leave = this.#lane.onBeat(callback);
    this.#offerReplay();
    return leave;
  }

  /** Called on the first beat of every bar, before `onBeat`. */
  onDownbeat(callback: BeatCallback): () => void {
    return this.#lane.onDownbeat(callback);
  }

  onProblem(callback: (problem: ListenerProblem) => void): () => void {
    this.#onProblem.add(callback);
    return () => this.#onProblem.delete(callback);
  }

  currentBeat(): Beat | undefined {
    return this.link.current;
  }

  currentWindow(): CurrentWindow | undefined {
    const beat = this.link.current;
    return beat && { id: beat.windowId, from: beat.windowFrom, to: beat.windowTo, epoch: beat.epoch };
  }

  /** Beats per minute; undefined before the first frame. */
  tempo(): number | undefined {
    return this.link.current?.tempoBpm;
  }

  /** This process's clock against the pulse's (ppm), and the delay of the last frame (ms). */
  drift(): { ppm: number; offsetMs: number } {
    return this.link.drift;
  }

  health(): ListenerHealth {
    return {
      connected: this.link.isConnected,
      mode: this.link.mode,
      lastFrameAgeMs: this.link.lastFrameAgeMs,
      link: this.link.counters,
      claims: this.link.claims.counters,
      slowCallbacks: this.#slow,
      failedCallbacks: this.#failed,
    };
  }

  /**
   * Does something that may take `beats` beats. The signal is aborted, and the promise rejects with
   * {@link BeatBudgetExceeded}, when so many have passed; own beats count, so that it ends without a pulse too.
   */
  async withBeatBudget<T>(beats: number, work: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    const budget = new BeatBudget(beats, this.link.current);
    const remove = this.link.addBudget(budget);
    try {
      return await budget.run(work);
    } finally {
      remove();
    }
  }

  /** Ends the callbacks; the shared link ends with its last listener. */
  async close(): Promise<void> {
    this.#lane.close();
    this.#leave();
    await this.#release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A listener that came after the stored frame was taken still starts from it. */
  #offerReplay(): void {
    const current = this.link.current;
    if (this.#isReplayOffered || current === undefined || !current.replayed) return;
    this.#isReplayOffered = true;
    queueMicrotask(() => this.#lane.offer(current));
  }

  #tell(problem: ListenerProblem): void {
    for (const callback of this.#onProblem) {
      try {
        callback(problem);
      } catch {
        // Counted like the others, and not reported: that is what has just failed.
        this.#failed += 1;
      }
    }
  }
}
