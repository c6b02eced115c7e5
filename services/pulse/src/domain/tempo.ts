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

/** The slowest tempo at which a bar of so many beats is not too long. */
export function slowestBpm(barLength: number): number {
  return Math.ceil((barLength * 60 * TENTHS) / BAR_SECONDS_MAX) / TENTHS;
}

/** What the operator's limits and the longest bar leave, whatever the present tempo is. */
export function absoluteRange(limits: TempoRange, barLength: number): TempoRange {
  return {
    minBpm: Math.max(Math.ceil(limits.minBpm * TENTHS) / TENTHS, slowestBpm(barLength), TEMPO_BPM_MIN),
    maxBpm: Math.min(Math.floor(limits.maxBpm * TENTHS) / TENTHS, TEMPO_BPM_MAX),
  };
}

/**
 * What may follow on the present tempo at once. Where one step does not lead into the limits, because others hold now than
 * when the tempo was set, it is the largest step towards them.
 */
export function stepRange(bpm: number, limits: TempoRange, barLength: number): TempoRange {
  const absolute = absoluteRange(limits, barLength);
  const tenths = Math.round(bpm * TENTHS);
  const [lowest, highest] = [(tenths - stepTenths(bpm)) / TENTHS, (tenths + stepTenths(bpm)) / TENTHS];
  return {
    minBpm: Math.min(Math.max(absolute.minBpm, lowest), highest),
    maxBpm: Math.max(Math.min(absolute.maxBpm, highest), lowest),
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
