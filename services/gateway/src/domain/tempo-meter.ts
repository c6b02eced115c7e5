/** One beat as it arrived: its place, the nominal tempo, and when it was heard, in monotonic milliseconds. */
export interface HeardBeat {
  readonly index: number;
  readonly tempoBpm: number;
  readonly atMs: number;
}

const BEATS_MAX = 32;

/**
 * What the tempo really is, from the arrivals of the last beats. Least squares over index and time, so that the
 * delay of a single message weighs little; starts again when the tempo changes or the count goes back.
 */
export class TempoMeter {
  #beats: HeardBeat[] = [];

  /** Each beat once: copies are dropped before. */
  heard(beat: HeardBeat): void {
    const last = this.#beats.at(-1);
    if (last && (beat.index <= last.index || beat.tempoBpm !== last.tempoBpm)) this.#beats = [];
    this.#beats.push(beat);
    if (this.#beats.length > BEATS_MAX) this.#beats.shift();
  }

  reset(): void {
    this.#beats = [];
  }

  /** Beats per minute as observed; undefined until there are three beats to measure between. */
  get measuredBpm(): number | undefined {
    const period = this.#periodMs();
    return period === undefined ? undefined : 60_000 / period;
  }

  /** Observed minus nominal beat time, in milliseconds; positive is late. */
  get driftMs(): number | undefined {
    const period = this.#periodMs();
    const tempo = this.#beats.at(-1)?.tempoBpm;
    return period === undefined || tempo === undefined ? undefined : period - 60_000 / tempo;
  }

  #periodMs(): number | undefined {
    const first = this.#beats[0];
    if (first === undefined || this.#beats.length < 3) return undefined;
    let sumX = 0;
    let sumY = 0;
    let sumXY = 0;
    let sumXX = 0;
    for (const beat of this.#beats) {
      const x = beat.index - first.index;
      const y = beat.atMs - first.atMs;
      sumX += x;
      sumY += y;
      sumXY += x * y;
      sumXX += x * x;
    }
    const n = this.#beats.length;
    const slope = (n * sumXY - sumX * sumY) / (n * sumXX - sumX * sumX);
    return slope > 0 ? slope : undefined;
  }
}
