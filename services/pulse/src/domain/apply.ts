import { unreachable } from '@whoosh/stdx';
import { type Entry } from './entry.ts';
import {
  type Anchor,
  beatMs,
  downbeatFrom,
  nextFreeIndex,
  placeOf,
  type Score,
  type Segment,
  segmentAt,
} from './score.ts';
import { isOneStep, slowestBpm, towards } from './tempo.ts';

/**
 * Why an entry changed nothing. `taken`: that index or a higher one has an owner. `late`: a beat at or behind that
 * place is reserved already. `off_downbeat`, `too_far`, `busy`: against the rules as they stood when the entry's turn
 * came; `too_long`: the bars would last longer than is allowed. `no_score`, `score_exists`: before `init`, or a second one.
 */
export type Refusal =
  'no_score' | 'score_exists' | 'taken' | 'late' | 'off_downbeat' | 'too_far' | 'too_long' | 'busy';

export interface Applied {
  readonly score: Score | undefined;
  readonly refused?: Refusal;
}

/** The next state of the replicated machine: depends on nothing but state, entry and the term it was written in. */
export function apply(score: Score | undefined, entry: Entry, term: number): Applied {
  if (entry.type === 'init') {
    if (score !== undefined) return { score, refused: 'score_exists' };
    return { score: begin(entry) };
  }
  if (score === undefined) return { score, refused: 'no_score' };
  switch (entry.type) {
    case 'reserve':
      return reserve(score, entry, term);
    case 'tempo':
      return entry.anchor === undefined
        ? changeTempo(score, entry)
        : moveGrid(score, entry.at_beat, entry.anchor);
    case 'ramp':
      return startRamp(score, entry);
    case 'ramp_cancel':
      return score.ramp === null ? { score } : { score: { ...score, ramp: null, nextSegment: null } };
    case 'bar':
      return changeBars(score, entry);
    default:
      return unreachable(entry);
  }
}

function begin(entry: Extract<Entry, { type: 'init' }>): Score {
  return {
    epoch: entry.epoch,
    segment: { anchor: entry.anchor, tempoBpm: entry.tempo },
    nextSegment: null,
    bars: { from: entry.anchor.index, length: entry.bar_length },
    nextBars: null,
    ramp: null,
    reserved: null,
  };
}

function reserve(score: Score, entry: Extract<Entry, { type: 'reserve' }>, term: number): Applied {
  const { index, node, boot, expected = index, wired = true } = entry;
  if (index < nextFreeIndex(score)) return { score, refused: 'taken' };
  const reached = reach({ ...score, reserved: { index, term, node, boot, expected, wired } }, index);
  return { score: reached };
}

/** Changes that were to begin at or before this beat have begun. */
function reach(score: Score, index: number): Score {
  const { nextSegment, nextBars, ramp } = score;
  let reached = score;
  if (nextBars !== null && index >= nextBars.from) reached = { ...reached, bars: nextBars, nextBars: null };
  if (nextSegment !== null && index >= nextSegment.anchor.index) {
    reached = { ...reached, segment: nextSegment, nextSegment: null };
    // The next step of a ramp, a bar later; one step only, even when beats were missed over several bars.
    if (ramp !== null) reached = climb(reached, downbeatFrom(reached, index + 1), ramp.targetBpm);
  }
  return reached;
}

/** Schedules one step towards the target; a ramp that has arrived is over. */
function climb(score: Score, at: number, targetBpm: number): Score {
  const from = score.segment.tempoBpm;
  if (from === targetBpm) return { ...score, ramp: null };
  return { ...score, ramp: { targetBpm }, nextSegment: segmentFrom(score, at, towards(from, targetBpm)) };
}

/** The same grid, played on at another tempo from that beat. */
function segmentFrom({ segment }: Score, at: number, tempoBpm: number): Segment {
  const gridTime = segment.anchor.at + (at - segment.anchor.index) * beatMs(segment.tempoBpm);
  return { anchor: { index: at, at: gridTime }, tempoBpm };
}

function refusalAt(score: Score, atBeat: number): Refusal | undefined {
  if (atBeat < nextFreeIndex(score)) return 'late';
  return placeOf(score, atBeat).position === 0 ? undefined : 'off_downbeat';
}

/** At this tempo the bars would last too long; a tempo that leads out of such a state is none too slow. */
function isTooSlow(score: Score, tempoBpm: number): boolean {
  const { length } = score.nextBars ?? score.bars;
  return tempoBpm < slowestBpm(length) && tempoBpm <= score.segment.tempoBpm;
}

function changeTempo(score: Score, entry: Extract<Entry, { type: 'tempo' }>): Applied {
  const refused = refusalAt(score, entry.at_beat);
  if (refused !== undefined) return { score, refused };
  if (!isOneStep(score.segment.tempoBpm, entry.tempo)) return { score, refused: 'too_far' };
  if (isTooSlow(score, entry.tempo)) return { score, refused: 'too_long' };
  const nextSegment =
    entry.tempo === score.segment.tempoBpm ? null : segmentFrom(score, entry.at_beat, entry.tempo);
  return { score: { ...score, ramp: null, nextSegment } };
}

function startRamp(score: Score, entry: Extract<Entry, { type: 'ramp' }>): Applied {
  const refused = refusalAt(score, entry.at_beat);
  if (refused !== undefined) return { score, refused };
  if (isTooSlow(score, entry.target)) return { score, refused: 'too_long' };
  return { score: climb({ ...score, nextSegment: null }, entry.at_beat, entry.target) };
}

/** From that beat on the grid lies elsewhere; a tempo change that was due later keeps its beat. */
function moveGrid(score: Score, atBeat: number, anchor: Anchor): Applied {
  if (atBeat < nextFreeIndex(score)) return { score, refused: 'late' };
  const { nextSegment } = score;
  const { tempoBpm } = segmentAt(score, atBeat);
  const moved = { ...score, segment: { anchor, tempoBpm }, nextSegment: null };
  if (nextSegment === null || nextSegment.anchor.index <= atBeat) return { score: moved };
  const { index } = nextSegment.anchor;
  return { score: { ...moved, nextSegment: segmentFrom(moved, index, nextSegment.tempoBpm) } };
}

function changeBars(score: Score, entry: Extract<Entry, { type: 'bar' }>): Applied {
  const refused = refusalAt(score, entry.at_beat);
  if (refused !== undefined) return { score, refused };
  // What waits was placed by the bars as they are planned now; only at its own beat may they be planned anew.
  const { segment, nextSegment, nextBars: planned, ramp } = score;
  const waiting = [nextSegment?.anchor.index, planned?.from].filter((index) => index !== undefined);
  if (waiting.some((index) => index !== entry.at_beat)) return { score, refused: 'busy' };
  // Shorter bars may come whatever the tempo is; longer ones have to suit all that is decided of it.
  const tempos = [(nextSegment ?? segment).tempoBpm, ramp?.targetBpm].filter((bpm) => bpm !== undefined);
  const { length } = planned ?? score.bars;
  if (entry.bar_length > length && Math.min(...tempos) < slowestBpm(entry.bar_length)) {
    return { score, refused: 'too_long' };
  }
  const nextBars =
    entry.bar_length === score.bars.length ? null : { from: entry.at_beat, length: entry.bar_length };
  return { score: { ...score, nextBars } };
}
