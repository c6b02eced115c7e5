import { type FencePoint, GridEstimator, judge } from '@whoosh/backbeat-sdk/rules';

export interface HeardBeat extends FencePoint {
  readonly tempoBpm: number;
  readonly at: number;
}

export interface Hearing {
  /** False for a copy, and for a frame of a leader that was replaced. */
  readonly counts: boolean;
  /** Against the grid estimated from the beats before; null for the first. */
  readonly driftMs: number | null;
}

/**
 * The grid as this node hears it. Whoever takes over plays on from here, so that the step is the error of the network
 * and not the difference of two wall clocks.
 */
export class HeardGrid {
  readonly #grid = new GridEstimator();
  #last: HeardBeat | undefined;
  #lastAtMs = 0;

  get last(): HeardBeat | undefined {
    return this.#last;
  }

  /** When the last beat came, on the monotonic clock. */
  get lastAtMs(): number {
    return this.#lastAtMs;
  }

  hear(beat: HeardBeat, arrivalMs: number): Hearing {
    if (judge(this.#last, beat) !== 'pass') return { counts: false, driftMs: null };
    const isSameEpoch = this.#last?.epoch === beat.epoch;
    const drift = isSameEpoch ? this.#grid.delayOf(beat, arrivalMs) : undefined;
    if (isSameEpoch) this.#grid.observe(beat, arrivalMs);
    else this.#grid.reanchor(beat, arrivalMs);
    this.#last = beat;
    this.#lastAtMs = arrivalMs;
    return { counts: true, driftMs: drift ?? null };
  }

  /** Monotonic time minus time of the grid; undefined when no beat of this epoch was heard. */
  offsetMs(epoch: number): number | undefined {
    if (this.#last === undefined || this.#last.epoch !== epoch) return undefined;
    return this.#grid.timeOf(this.#last.index) - this.#last.at;
  }
}

/** What of a frame matters here; undefined for what is no frame of ours. */
export function readBeat(text: string, cluster: string): HeardBeat | undefined {
  try {
    const { cluster_id, beat_index, tempo_bpm, metadata } = JSON.parse(text) as Record<string, unknown>;
    const { epoch, term, at } = (metadata ?? {}) as Record<string, unknown>;
    const numbers = [beat_index, tempo_bpm, epoch, term, at];
    if (cluster_id !== cluster || !numbers.every((value) => Number.isFinite(value))) return undefined;
    const [index, tempoBpm] = [beat_index as number, tempo_bpm as number];
    return { epoch: epoch as number, term: term as number, at: at as number, index, tempoBpm };
  } catch {
    return undefined;
  }
}
