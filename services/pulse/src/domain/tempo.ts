/**
 * Tempo rules. A tempo is counted in tenths of a beat per minute, so that ten per cent of it is exact and every
 * leader comes to the same number.
 */
const TENTHS = 10;
/** A step is at most this part of the present tempo, and at least one tenth of a beat per minute. */
const STEP_DIVISOR = 10;
/** No bar is longer: agents that wait for its end would take it for silence. */
export const BAR_SECONDS_MAX = 7_200;
export const TEMPO_BPM_MIN = 0.1;
export const TEMPO_BPM_MAX = 1_000;

export interface TempoRange {
  readonly minBpm: number;
  readonly maxBpm: number;
}

/** To the one decimal that the wire has. */
export function roundTempo(bpm: number): number {
  return Math.round(bpm * TENTHS) / TENTHS;
}

function stepTenths(bpm: number): number {
  return Math.max(1, Math.floor(Math.round(bpm * TENTHS) / STEP_DIVISOR));
}

/** The largest step from this tempo, in beats per minute. */
export function stepMaxBpm(bpm: number): number {
  return stepTenths(bpm) / TENTHS;
}

/** What the operator's limits and the longest bar leave, whatever the present tempo is. */
export function absoluteRange(limits: TempoRange, barLength: number): TempoRange {
  const slowest = Math.ceil((barLength * 60 * TENTHS) / BAR_SECONDS_MAX) / TENTHS;
  return {
    minBpm: Math.max(Math.ceil(limits.minBpm * TENTHS) / TENTHS, slowest, TEMPO_BPM_MIN),
    maxBpm: Math.min(Math.floor(limits.maxBpm * TENTHS) / TENTHS, TEMPO_BPM_MAX),
  };
}

/** What may follow on the present tempo at once. */
export function stepRange(bpm: number, limits: TempoRange, barLength: number): TempoRange {
  const absolute = absoluteRange(limits, barLength);
  const tenths = Math.round(bpm * TENTHS);
  return {
    minBpm: Math.max(absolute.minBpm, (tenths - stepTenths(bpm)) / TENTHS),
    maxBpm: Math.min(absolute.maxBpm, (tenths + stepTenths(bpm)) / TENTHS),
  };
}

export function isWithin(bpm: number, { minBpm, maxBpm }: TempoRange): boolean {
  return bpm >= minBpm && bpm <= maxBpm;
}

/** Whether one step leads from `from` to `to`. */
export function isOneStep(from: number, to: number): boolean {
  return Math.abs(Math.round(to * TENTHS) - Math.round(from * TENTHS)) <= stepTenths(from);
}

/** The next tempo of a ramp: as near to the target as one step allows. */
export function towards(from: number, target: number): number {
  const tenths = Math.round(from * TENTHS);
  const distance = Math.round(target * TENTHS) - tenths;
  const step = Math.sign(distance) * Math.min(Math.abs(distance), stepTenths(from));
  return (tenths + step) / TENTHS;
}
