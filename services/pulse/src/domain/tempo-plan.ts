import { type Entry } from './entry.ts';
import { downbeatAfter, nextFreeIndex, type Score } from './score.ts';
import { absoluteRange, isOneStep, isWithin, roundTempo, stepRange, type TempoRange } from './tempo.ts';

export interface TempoWish {
  readonly tempoBpm: number;
  readonly ramp: boolean;
}

export type TempoPlan =
  | { readonly ok: true; readonly entry: Extract<Entry, { type: 'tempo' | 'ramp' }>; readonly atBeat: number }
  /** What would be allowed instead. */
  | { readonly ok: false; readonly range: TempoRange };

/** Turns an operator's wish into an entry for the next downbeat that a commit can still reach. */
export function planTempo(
  score: Score,
  wish: TempoWish,
  limits: TempoRange,
  earliestGridTime: number,
): TempoPlan {
  const present = score.segment.tempoBpm;
  const barLength = (score.nextBars ?? score.bars).length;
  const tempo = roundTempo(wish.tempoBpm);
  const range = wish.ramp ? absoluteRange(limits, barLength) : stepRange(present, limits, barLength);
  if (!isWithin(tempo, range)) return { ok: false, range };
  const atBeat = downbeatAfter(score, nextFreeIndex(score), earliestGridTime);
  if (wish.ramp && !isOneStep(present, tempo)) {
    return { ok: true, entry: { type: 'ramp', at_beat: atBeat, target: tempo }, atBeat };
  }
  return { ok: true, entry: { type: 'tempo', at_beat: atBeat, tempo }, atBeat };
}

/** The change of bar length that this node's configuration asks for, unless it is so or under way. */
export function planBars(score: Score, barLength: number, earliestGridTime: number): Entry | undefined {
  const isWanted = (score.nextBars ?? score.bars).length === barLength;
  if (isWanted || score.nextSegment !== null) return undefined;
  const atBeat = downbeatAfter(score, nextFreeIndex(score), earliestGridTime);
  return { type: 'bar', at_beat: atBeat, bar_length: barLength };
}
