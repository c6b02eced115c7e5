import { type Entry } from './entry.ts';
import { downbeatAfter, nextFreeIndex, type Score } from './score.ts';
import {
  absoluteRange,
  isOneStep,
  isWithin,
  roundTempo,
  slowestBpm,
  stepRange,
  type TempoRange,
  towards,
} from './tempo.ts';

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

export interface RampStep {
  readonly tempoBpm: number;
  readonly atBeat: number;
}

/** What a running ramp will do, one step a bar, at most `stepsMax` of them; nothing when none runs. */
export function rampSteps({ ramp, nextSegment, nextBars, bars }: Score, stepsMax: number): RampStep[] {
  const steps: RampStep[] = [];
  if (ramp === null || nextSegment === null) return steps;
  const barLength = (nextBars ?? bars).length;
  let step: RampStep = { tempoBpm: nextSegment.tempoBpm, atBeat: nextSegment.anchor.index };
  while (steps.length < stepsMax) {
    steps.push(step);
    if (step.tempoBpm === ramp.targetBpm) break;
    step = { tempoBpm: towards(step.tempoBpm, ramp.targetBpm), atBeat: step.atBeat + barLength };
  }
  return steps;
}

export type BarsPlan =
  | { readonly ok: true; readonly entry: Extract<Entry, { type: 'bar' }> }
  /** Such bars would last too long: the tempo has to be this at least before. */
  | { readonly ok: false; readonly slowestBpm: number };

/** The change of bar length that this node's configuration asks for, unless it is so or under way. */
export function planBars(score: Score, barLength: number, earliestGridTime: number): BarsPlan | undefined {
  const { length } = score.nextBars ?? score.bars;
  if (length === barLength || score.nextSegment !== null) return undefined;
  const slowest = slowestBpm(barLength);
  if (barLength > length && score.segment.tempoBpm < slowest) return { ok: false, slowestBpm: slowest };
  const atBeat = downbeatAfter(score, nextFreeIndex(score), earliestGridTime);
  return { ok: true, entry: { type: 'bar', at_beat: atBeat, bar_length: barLength } };
}
