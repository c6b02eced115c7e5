/**
 * The score: what the pulses of a cluster have agreed on by Raft. Pure data; `apply` changes it, the conductor
 * plays from it.
 */

/** Beat `index` falls at `at`, Unix milliseconds of the cluster's grid. */
export interface Anchor {
  readonly index: number;
  readonly at: number;
}

/** Beats from the anchor on, at one tempo. */
export interface Segment {
  readonly anchor: Anchor;
  readonly tempoBpm: number;
}

/** Bars of one length, the first of which begins at `from`. */
export interface Bars {
  readonly from: number;
  readonly length: number;
}

/** Who may send a beat: that process, in that term, and nobody else ever. */
export interface Reservation {
  readonly index: number;
  readonly term: number;
  readonly node: string;
  readonly boot: string;
  /** Of the beats below `index`, those from here on were not sent, as far as its owner knows. */
  readonly expected: number;
  /** Its owner saw a broker when it reserved. */
  readonly wired: boolean;
}

export interface Score {
  /** Unix milliseconds of the cluster's first election. */
  readonly epoch: number;
  readonly segment: Segment;
  /** Takes over at its anchor, a downbeat above all reserved beats. */
  readonly nextSegment: Segment | null;
  readonly bars: Bars;
  readonly nextBars: Bars | null;
  readonly ramp: { readonly targetBpm: number } | null;
  /** The newest reservation; every index up to its own is used up. */
  readonly reserved: Reservation | null;
}

export interface Place {
  readonly index: number;
  /** First index of the bar. */
  readonly barFrom: number;
  readonly barLength: number;
  /** Place in the bar, 0 = downbeat. */
  readonly position: number;
}

export function beatMs(tempoBpm: number): number {
  return 60_000 / tempoBpm;
}

export function segmentAt({ segment, nextSegment }: Score, index: number): Segment {
  return nextSegment !== null && index >= nextSegment.anchor.index ? nextSegment : segment;
}

/** When the beat falls, on the cluster's grid. */
export function gridTimeOf(score: Score, index: number): number {
  const { anchor, tempoBpm } = segmentAt(score, index);
  return anchor.at + (index - anchor.index) * beatMs(tempoBpm);
}

export function placeOf({ bars, nextBars }: Score, index: number): Place {
  const { from, length } = nextBars !== null && index >= nextBars.from ? nextBars : bars;
  const barFrom = from + Math.floor((index - from) / length) * length;
  return { index, barFrom, barLength: length, position: index - barFrom };
}

/** The lowest index that nobody has reserved. */
export function nextFreeIndex({ reserved, segment }: Score): number {
  return reserved === null ? segment.anchor.index : reserved.index + 1;
}

/** The first beat at or above `from` that falls after this time of the grid. */
export function firstBeatAfter(score: Score, from: number, gridTime: number): number {
  const { segment, nextSegment } = score;
  const change = nextSegment?.anchor.index ?? Number.POSITIVE_INFINITY;
  const inThis = Math.max(from, firstOf(segment, gridTime));
  if (inThis < change || nextSegment === null) return inThis;
  return Math.max(from, change, firstOf(nextSegment, gridTime));
}

function firstOf({ anchor, tempoBpm }: Segment, gridTime: number): number {
  return anchor.index + Math.floor((gridTime - anchor.at) / beatMs(tempoBpm)) + 1;
}

/** The first downbeat at or above `from`. */
export function downbeatFrom(score: Score, from: number): number {
  const { barFrom, barLength, position } = placeOf(score, from);
  if (position === 0) return from;
  const next = barFrom + barLength;
  const change = score.nextBars?.from;
  return change !== undefined && from < change && next > change ? change : next;
}

/** The first downbeat at or above `from` that falls after this time of the grid. */
export function downbeatAfter(score: Score, from: number, gridTime: number): number {
  return downbeatFrom(score, firstBeatAfter(score, from, gridTime));
}
