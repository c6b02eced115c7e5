import { type FencePoint, GridEstimator, Line, type Refusal } from '@whoosh/backbeat-sdk/rules';
import { TEMPO_BPM_MAX, TEMPO_BPM_MIN } from '../domain/tempo.ts';

export interface HeardBeat extends FencePoint {
  readonly tempoBpm: number;
  readonly at: number;
}

export type Hearing =
  | {
      readonly counts: true;
      /** Against the grid estimated from the beats before; null for the first. */
      readonly driftMs: number | null;
    }
  /** `seen` is a copy; the others do not go on from what is heard. */
  | { readonly counts: false; readonly reason: Refusal };

/** A frame so much behind, in beats, was held up: by its leader, by a broker, or by this process standing still. */
const HELD_UP_BEATS = 0.25;
/** So many of them in a row, spaced like beats, mean that the way to here has become longer. */
const HELD_UP_IN_A_ROW_MAX = 3;

/**
 * The grid as this node hears it, its own beats included. A node that takes over goes on from here, so that the beat
 * does not jump by the difference of two wall clocks.
 */
export class HeardGrid {
  readonly #grid = new GridEstimator();
  #line = new Line<HeardBeat>();
  #lastAtMs = 0;
  #heldUpInARow = 0;

  get last(): HeardBeat | undefined {
    return this.#line.last;
  }

  /** `epoch` is the cluster's own, once its log has told: who plays another is not heard at all. */
  hear(beat: HeardBeat, arrivalMs: number, epoch: number | undefined): Hearing {
    if (epoch !== undefined && beat.epoch !== epoch) {
      return { counts: false, reason: beat.epoch < epoch ? 'old_epoch' : 'implausible' };
    }
    if (epoch !== undefined && this.last?.epoch !== epoch) this.#line = new Line();
    const before = this.last;
    const verdict = this.#line.judge(beat, arrivalMs, this.#grid.isEmpty ? undefined : this.#grid);
    if (verdict.kind === 'refused') return { counts: false, reason: verdict.reason };
    const goesOn = verdict.kind === 'continues' && before?.epoch === beat.epoch;
    const driftMs = (goesOn ? this.#grid.delayOf(beat, arrivalMs) : undefined) ?? null;
    this.#place(beat, arrivalMs, driftMs);
    this.#lastAtMs = arrivalMs;
    return { counts: true, driftMs };
  }

  #place(beat: HeardBeat, arrivalMs: number, driftMs: number | null): void {
    if (driftMs !== null && driftMs > HELD_UP_BEATS * this.#grid.beatMs) {
      const isSpaced = arrivalMs - this.#lastAtMs > this.#grid.beatMs / 2;
      this.#heldUpInARow = isSpaced ? this.#heldUpInARow + 1 : 1;
      // Of what lay waiting the time of arrival says nothing: after a pause it would move the grid by half of it.
      if (this.#heldUpInARow < HELD_UP_IN_A_ROW_MAX) return;
      this.#grid.reanchor(beat, arrivalMs);
    } else if (driftMs === null) this.#grid.reanchor(beat, arrivalMs);
    else this.#grid.observe(beat, arrivalMs);
    this.#heldUpInARow = 0;
  }

  /** Monotonic time minus time of the grid; undefined when no beat of this epoch was heard. */
  offsetMs(epoch: number): number | undefined {
    const { last } = this;
    if (last === undefined || last.epoch !== epoch) return undefined;
    // By the time the frame carries and not by counting beats: the tempo may have changed in what was held up.
    const delayMs = this.#grid.delayOf(last, 0);
    return delayMs === undefined ? undefined : -delayMs - last.at;
  }
}

/** What of a frame matters here, or why it is none of ours: `foreign` is a frame of another cluster. */
export function readBeat(text: string, cluster: string): HeardBeat | 'malformed' | 'foreign' {
  try {
    const { cluster_id, beat_index, tempo_bpm, metadata } = JSON.parse(text) as Record<string, unknown>;
    const { epoch, term, at } = (metadata ?? {}) as Record<string, unknown>;
    const numbers = [beat_index, tempo_bpm, epoch, term, at];
    if (typeof cluster_id === 'string' && cluster_id !== cluster) return 'foreign';
    if (cluster_id !== cluster || !numbers.every((value) => Number.isFinite(value))) return 'malformed';
    const [index, tempoBpm] = [beat_index as number, tempo_bpm as number];
    if (!Number.isSafeInteger(index) || index < 0 || tempoBpm < TEMPO_BPM_MIN || tempoBpm > TEMPO_BPM_MAX) {
      return 'malformed';
    }
    return { epoch: epoch as number, term: term as number, at: at as number, index, tempoBpm };
  } catch {
    return 'malformed';
  }
}
