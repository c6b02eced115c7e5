import { type Fit, fitLine } from './least-squares.ts';

/** Beats kept for the estimate. */
export const SAMPLES_MAX = 1_200;
/** Of this many beats in a row the one with the smallest delay counts. */
export const GROUP_SIZE = 20;
/** With fewer beats than this the grid is only re-anchored, its rate is not estimated. */
const SAMPLES_FOR_RATE_MIN = 20;
/** Groups that a short history is divided into, before it can be divided into groups of 20. */
const GROUPS_MIN = 10;
/** How far two oscillators differ before anything was measured; crystals stay within 100 ppm. */
const RATE_PRIOR_SIGMA = 100e-6;
const RATE_KEPT_SIGMA_MIN = 2e-6;
/** A pulse that runs on chained timers is 0.3 % slow; more than 1 % is not a clock. */
const RATE_ERROR_MAX = 0.01;
const STEP_RATIO_MIN = 0.8;
const STEP_RATIO_MAX = 1.25;

/** What one frame says about the grid. */
export interface GridPoint {
  readonly index: number;
  readonly tempoBpm: number;
  /** Grid time of the beat on the pulse's clock in milliseconds, where the frame carries it. */
  readonly at?: number | undefined;
}

interface Placed extends GridPoint {
  /** Nominal position in milliseconds on the pulse's grid. */
  readonly x: number;
}

/**
 * Estimates, on the listener's monotonic clock, when each beat falls: the smallest delay of each 20
 * beats, least squares over 1,200 (the clock filter of NTP, Mills; the windowed regression of Ableton
 * Link); until there are ten such groups the phase is that of the least late of the last 20 beats. The rate between the two clocks is kept across changes of tempo, because it belongs to the
 * oscillators and not to the music. Times are milliseconds.
 */
export class GridEstimator {
  #last: Placed | undefined;
  #xs: number[] = [];
  #ys: number[] = [];
  #x0 = 0;
  #y0 = 0;
  #rate = 1;
  #rateSigma = RATE_PRIOR_SIGMA;
  #priorRate = 1;
  #priorSigma = RATE_PRIOR_SIGMA;
  /** Arrival of nominal position zero, relative to the origins. */
  #phase = 0;

  get isEmpty(): boolean {
    return this.#last === undefined;
  }

  get samples(): number {
    return this.#xs.length;
  }

  /** How much faster (positive) the listener's clock runs than the pulse's, in parts per million. */
  get ratePpm(): number {
    return (this.#rate - 1) * 1e6;
  }

  /** One beat at the current tempo, on the listener's clock. */
  get beatMs(): number {
    return this.#last === undefined ? Number.NaN : (60_000 / this.#last.tempoBpm) * this.#rate;
  }

  /** How long after its grid time this frame arrived; undefined before the first observation. */
  delayOf(point: GridPoint, arrivalMs: number): number | undefined {
    if (this.#last === undefined) return undefined;
    return arrivalMs - this.#timeAt(this.#place(point, this.#last).x);
  }

  observe(point: GridPoint, arrivalMs: number): void {
    const last = this.#last;
    if (last === undefined) {
      this.#begin({ ...point, x: point.at ?? 0 }, arrivalMs);
      return;
    }
    const { x, isContinuous } = this.#place(point, last);
    if (!isContinuous) {
      this.#begin({ ...point, x }, arrivalMs);
      return;
    }
    this.#last = { ...point, x };
    this.#xs.push(x - this.#x0);
    this.#ys.push(arrivalMs - this.#y0);
    if (this.#xs.length > SAMPLES_MAX) {
      this.#xs.shift();
      this.#ys.shift();
    }
    this.#estimate();
  }

  /** Begins again at this frame, with the rate that is known: after a gap nobody can bridge. */
  reanchor(point: GridPoint, arrivalMs: number): void {
    this.#begin({ ...point, x: point.at ?? 0 }, arrivalMs);
  }

  /** When the beat falls on the listener's clock, if the tempo stays. */
  timeOf(index: number): number {
    if (this.#last === undefined) return Number.NaN;
    return this.#timeAt(this.#last.x + (index - this.#last.index) * (60_000 / this.#last.tempoBpm));
  }

  /** The last beat that has begun by then. */
  indexAt(timeMs: number): number {
    if (this.#last === undefined) return Number.NaN;
    // A beat that is due within a microsecond has begun: timers are set by the same arithmetic.
    return this.#last.index + Math.floor((timeMs + 1e-3 - this.timeOf(this.#last.index)) / this.beatMs);
  }

  #timeAt(x: number): number {
    return this.#y0 + this.#phase + this.#rate * (x - this.#x0);
  }

  #place(point: GridPoint, last: Placed): { x: number; isContinuous: boolean } {
    const beats = point.index - last.index;
    if (point.at !== undefined && last.at !== undefined) {
      const ratio = beats === 0 ? 1 : (point.at - last.at) / (beats * (60_000 / point.tempoBpm));
      return { x: point.at, isContinuous: ratio >= STEP_RATIO_MIN && ratio <= STEP_RATIO_MAX };
    }
    // The tempo of a frame holds from that beat on, so the step to it was still the old one. With
    // frames missing in between nobody knows at which downbeat the tempo changed.
    const isContinuous = point.tempoBpm === last.tempoBpm || beats === 1;
    return { x: last.x + beats * (60_000 / last.tempoBpm), isContinuous };
  }

  #begin(placed: Placed, arrivalMs: number): void {
    this.#last = placed;
    this.#x0 = placed.x;
    this.#y0 = arrivalMs;
    this.#xs = [0];
    this.#ys = [0];
    this.#phase = 0;
    this.#priorRate = this.#rate;
    this.#priorSigma = Math.max(RATE_KEPT_SIGMA_MIN, this.#rateSigma);
  }

  #estimate(): void {
    const count = this.#xs.length;
    if (count < SAMPLES_FOR_RATE_MIN) {
      this.#phase = this.#leastLate();
      return;
    }
    const line = this.#fit();
    // Few beats say little about the rate: each source counts by its certainty.
    const fitWeight = 1 / line.slopeSigma ** 2;
    const priorWeight = 1 / this.#priorSigma ** 2;
    const rate = (line.slope * fitWeight + this.#priorRate * priorWeight) / (fitWeight + priorWeight);
    this.#rate = Math.min(1 + RATE_ERROR_MAX, Math.max(1 - RATE_ERROR_MAX, rate));
    this.#rateSigma = Math.sqrt(1 / (fitWeight + priorWeight));
    // The mean of small groups lies as late as their members were: it would move a grid that is taken over.
    const isLong = count >= GROUPS_MIN * GROUP_SIZE;
    this.#phase = isLong ? line.meanY - this.#rate * line.meanX : this.#leastLate();
  }

  #leastLate(): number {
    const count = this.#xs.length;
    return this.#earliest(Math.max(0, count - GROUP_SIZE), count).phase;
  }

  #fit(): Fit {
    const count = this.#xs.length;
    const size = Math.min(GROUP_SIZE, Math.max(1, Math.floor(count / GROUPS_MIN)));
    const xs: number[] = [];
    const ys: number[] = [];
    // Whole groups, counted back from the newest beat.
    for (let end = count; end - size >= 0; end -= size) {
      const { at } = this.#earliest(end - size, end);
      xs.push(this.#xs[at] as number);
      ys.push(this.#ys[at] as number);
    }
    return fitLine(xs, ys);
  }

  #earliest(from: number, to: number): { at: number; phase: number } {
    let at = from;
    let phase = Number.POSITIVE_INFINITY;
    for (let i = from; i < to; i += 1) {
      const candidate = (this.#ys[i] as number) - this.#rate * (this.#xs[i] as number);
      if (candidate < phase) {
        phase = candidate;
        at = i;
      }
    }
    return { at, phase };
  }
}
