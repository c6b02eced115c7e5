/**
 * The conductor decides what a node does for the next beat. It reads no clock and sends nothing: it is asked with
 * what is true now, and answers with what must be done.
 *
 * Invariants
 *   C1  A beat is published only when its reservation is applied, was made by this process in the term that it leads
 *       now, and the lease holds.
 *   C2  Indices rise; none is reserved that somebody has reserved before.
 *   C3  Beats are never bunched: one that could not be sent within half a beat is left out and counted.
 */
import { type Entry } from './entry.ts';
import { beatMs, firstBeatAfter, gridTimeOf, nextFreeIndex, type Score, segmentAt } from './score.ts';

/** A beat may be this part of a beat late; afterwards it is missed. */
const LATE_BEATS_MAX = 0.5;
/** The lead is never more than this part of a beat, whatever commits take. */
const LEAD_BEATS_MAX = 0.5;
/** How soon to look again when the lease or the broker is not there at the beat, or a proposal was refused. */
const RETRY_MS = 5;
/** A next beat farther away than this means that the clock went back while nobody played. */
const AHEAD_BEATS_MAX = 2;
const AHEAD_SLACK_MS = 1_000;

export type Stage = 'planned' | 'proposed' | 'reserved';

export interface Leadership {
  readonly term: number;
  /** Monotonic time of this node minus time of the grid. */
  readonly offsetMs: number;
}

export interface Conductor {
  readonly node: string;
  readonly boot: string;
  readonly leads: Leadership | undefined;
  readonly target: { readonly index: number; readonly stage: Stage; readonly retryAtMs: number } | undefined;
  /** The index that the next frame on the wire would have if none were missed. */
  readonly expected: number;
}

export interface Facts {
  readonly nowMs: number;
  readonly score: Score | undefined;
  /** The term this node leads at this moment, as far as it can know. */
  readonly ledTerm: number | undefined;
  readonly leaseUntilMs: number | undefined;
  /** Some broker can be reached. */
  readonly isWired: boolean;
  readonly leadMs: number;
  /** The process ends: finish what is reserved, begin nothing. */
  readonly isClosing: boolean;
}

export type Obstacle = 'commit' | 'lease' | 'broker' | 'late';

export type Effect =
  | { readonly type: 'propose'; readonly entry: Entry }
  /** Build the frame of this beat; nothing in it changes any more. */
  | { readonly type: 'prepare'; readonly index: number; readonly missed: number; readonly atMs: number }
  | { readonly type: 'publish'; readonly index: number; readonly missed: number; readonly atMs: number }
  | { readonly type: 'missed'; readonly index: number; readonly obstacle: Obstacle }
  /** Ask again then; replaces the wake-up before. `exact` is worth waiting for without sleeping. */
  | { readonly type: 'wake'; readonly atMs: number; readonly exact: boolean };

export interface Conducted {
  readonly conductor: Conductor;
  readonly effects: readonly Effect[];
}

export function newConductor(node: string, boot: string): Conductor {
  return { node, boot, leads: undefined, target: undefined, expected: 0 };
}

/**
 * One above the last beat that was sent, for a node that takes over. If it has listened without a break since the beat
 * after the last that it heard was due (`hasListened`), nothing more was sent: a leader that loses its broker may take a
 * beat for sent that nobody got. Otherwise the newest reservation tells which beats before it were left out; that beat
 * itself was left out if the node listened when it was due or if its owner saw no broker, else it is taken for sent. So
 * a node that was deaf miscounts by one at most.
 */
export function expectedBy(
  score: Score,
  heard: number | undefined,
  hasListened: (since: number) => boolean,
): number {
  const { reserved } = score;
  const next = heard === undefined ? 0 : heard + 1;
  if (reserved === null || next > reserved.index) return Math.max(next, nextFreeIndex(score));
  if (hasListened(next)) return next;
  if (!hasListened(reserved.index) && reserved.wired) return reserved.index + 1;
  return Math.max(next, reserved.expected);
}

/** What the follower has heard of the beats: the last one, and since when it has listened without a break. */
export interface Heard {
  readonly last: { readonly epoch: number; readonly index: number } | undefined;
  readonly listeningSinceMs: number;
}

/** `expectedBy` for a node whose monotonic clock is so far ahead of the grid. */
export function expectedAt(score: Score | undefined, heard: Heard, offsetMs: number): number {
  if (score === undefined) return 0;
  const { last, listeningSinceMs } = heard;
  const hasListened = (since: number): boolean => gridTimeOf(score, since) + offsetMs >= listeningSinceMs;
  return expectedBy(score, last?.epoch === score.epoch ? last.index : undefined, hasListened);
}

/** Two readings of where the grid is: monotonic time of this node minus time of the grid. */
export interface Offsets {
  /** By the beats that were heard; undefined before the first. */
  readonly heardMs: number | undefined;
  readonly wallMs: number;
}

/**
 * By which of them a node that takes over plays on. What was heard is the better one, but for one case: a beat is reserved
 * at most half a beat before it falls, so a reading by which the newest one is farther away than a whole beat was taken
 * from a frame that had been held up on its way, as when this process stood still. Who went on by it would play what
 * has been played once more.
 */
export function takeUpOffsetMs(
  score: Score | undefined,
  nowMs: number,
  { heardMs, wallMs }: Offsets,
): number {
  if (heardMs === undefined) return wallMs;
  const reserved = score?.reserved ?? null;
  if (score === undefined || reserved === null) return heardMs;
  const aheadMs = gridTimeOf(score, reserved.index) + heardMs - nowMs;
  return aheadMs < beatMs(segmentAt(score, reserved.index).tempoBpm) ? heardMs : wallMs;
}

/** This node leads from now on. `expected` is one above the last beat that is known to have been sent. */
export function takeUp(conductor: Conductor, leads: Leadership, expected: number): Conductor {
  return { ...conductor, leads, target: undefined, expected };
}

/** A beat was heard: it was sent, whoever sent it and whatever was known of it before. */
export function heardBeat(conductor: Conductor, index: number): Conductor {
  return conductor.expected > index ? conductor : { ...conductor, expected: index + 1 };
}

/** From this beat on nothing that was said can have reached anybody. */
export function unsentFrom(conductor: Conductor, index: number): Conductor {
  return conductor.expected <= index ? conductor : { ...conductor, expected: index };
}

export function layDown(conductor: Conductor): Conductor {
  return { ...conductor, leads: undefined, target: undefined };
}

/** A proposal was not taken: try again a little later. */
export function proposalRefused(conductor: Conductor, nowMs: number): Conductor {
  const { target } = conductor;
  if (target?.stage !== 'proposed') return conductor;
  return { ...conductor, target: { ...target, stage: 'planned', retryAtMs: nowMs + RETRY_MS } };
}

export function conduct(conductor: Conductor, facts: Facts): Conducted {
  const { leads } = conductor;
  const { score } = facts;
  if (leads === undefined || score === undefined || facts.ledTerm !== leads.term) {
    return { conductor: { ...conductor, target: undefined }, effects: [] };
  }
  return new Turn(conductor, leads, score, facts).play();
}

/** One answer in the making. */
class Turn {
  #conductor: Conductor;
  readonly #leads: Leadership;
  readonly #score: Score;
  readonly #facts: Facts;
  readonly #effects: Effect[] = [];

  constructor(conductor: Conductor, leads: Leadership, score: Score, facts: Facts) {
    this.#conductor = conductor;
    this.#leads = leads;
    this.#score = score;
    this.#facts = facts;
  }

  play(): Conducted {
    this.#giveUpLapsed();
    const target = this.#conductor.target ?? { index: this.#aim(), stage: 'planned', retryAtMs: 0 };
    this.#conductor = { ...this.#conductor, target };
    if (this.#playStage()) {
      // Sent: the next one is at least half a beat away.
      this.#conductor = { ...this.#conductor, target: undefined };
      return this.play();
    }
    return { conductor: this.#conductor, effects: this.#effects };
  }

  #timeOf(index: number): number {
    return gridTimeOf(this.#score, index) + this.#leads.offsetMs;
  }

  #beatMs(index: number): number {
    return beatMs(segmentAt(this.#score, index).tempoBpm);
  }

  #lapseOf(index: number): number {
    return this.#timeOf(index) + this.#beatMs(index) * LATE_BEATS_MAX;
  }

  /** The first free beat that can still be sent in time. */
  #aim(): number {
    const free = nextFreeIndex(this.#score);
    if (this.#lapseOf(free) > this.#facts.nowMs) return free;
    const lateMs = this.#beatMs(free) * LATE_BEATS_MAX;
    const gridTime = this.#facts.nowMs - this.#leads.offsetMs - lateMs;
    const index = firstBeatAfter(this.#score, free, gridTime);
    // Both sides are rounded: at the very end of its time a beat may be taken for the next one.
    return this.#lapseOf(index) > this.#facts.nowMs ? index : index + 1;
  }

  /** Lets go of a target whose time is over, or that somebody else has reserved. */
  #giveUpLapsed(): void {
    const { target } = this.#conductor;
    if (target === undefined) return;
    const used = target.index < nextFreeIndex(this.#score);
    const isLapsed = this.#facts.nowMs >= this.#lapseOf(target.index);
    if (!isLapsed && (!used || this.#isOwn(target.index))) return;
    if (isLapsed)
      this.#effects.push({ type: 'missed', index: target.index, obstacle: this.#obstacle(target) });
    this.#conductor = { ...this.#conductor, target: undefined };
  }

  #obstacle({ stage, retryAtMs }: { stage: Stage; retryAtMs: number }): Obstacle {
    if (stage !== 'reserved') return 'commit';
    if (retryAtMs === 0) return 'late';
    return this.#facts.isWired ? 'lease' : 'broker';
  }

  #isOwn(index: number): boolean {
    const { reserved } = this.#score;
    return (
      reserved !== null &&
      reserved.index === index &&
      reserved.term === this.#leads.term &&
      reserved.node === this.#conductor.node &&
      reserved.boot === this.#conductor.boot
    );
  }

  /** True when the beat was sent. */
  #playStage(): boolean {
    const { target } = this.#conductor;
    if (target === undefined) return false;
    if (target.stage === 'reserved') return this.#send(target.index);
    if (this.#isOwn(target.index)) {
      this.#stage('reserved');
      const atMs = this.#timeOf(target.index);
      this.#effects.push({ type: 'prepare', index: target.index, missed: this.#missed(target.index), atMs });
      return this.#send(target.index);
    }
    if (target.stage === 'proposed') this.#wake(this.#lapseOf(target.index), false);
    else this.#plan(target.index, target.retryAtMs);
    return false;
  }

  #plan(index: number, retryAtMs: number): void {
    if (this.#facts.isClosing) return;
    const atMs = this.#timeOf(index);
    const beat = this.#beatMs(index);
    if (atMs - this.#facts.nowMs > beat * AHEAD_BEATS_MAX + AHEAD_SLACK_MS) {
      this.#moveGrid({ index, beat, retryAtMs });
      return;
    }
    const dueMs = Math.max(atMs - Math.min(this.#facts.leadMs, beat * LEAD_BEATS_MAX), retryAtMs);
    if (this.#facts.nowMs < dueMs) {
      this.#wake(dueMs, false);
      return;
    }
    const { node, boot } = this.#conductor;
    const expected = Math.min(this.#conductor.expected, index);
    const wired = this.#facts.isWired;
    this.#stage('proposed');
    this.#effects.push({ type: 'propose', entry: { type: 'reserve', index, node, boot, expected, wired } });
    this.#wake(this.#lapseOf(index), false);
  }

  /** Instead of being silent until a time that was already played comes again. */
  #moveGrid({ index, beat, retryAtMs }: { index: number; beat: number; retryAtMs: number }): void {
    const { nowMs } = this.#facts;
    if (nowMs < retryAtMs) {
      this.#wake(retryAtMs, false);
      return;
    }
    const anchor = { index, at: nowMs + beat - this.#leads.offsetMs };
    const { tempoBpm } = segmentAt(this.#score, index);
    this.#effects.push({
      type: 'propose',
      entry: { type: 'tempo', at_beat: index, tempo: tempoBpm, anchor },
    });
    this.#conductor = {
      ...this.#conductor,
      target: { index, stage: 'planned', retryAtMs: nowMs + beat / 2 },
    };
    this.#wake(nowMs + beat / 2, false);
  }

  #send(index: number): boolean {
    const { nowMs, leaseUntilMs, isWired } = this.#facts;
    const atMs = this.#timeOf(index);
    if (nowMs < atMs) {
      this.#wake(atMs, true);
      return false;
    }
    if (leaseUntilMs === undefined || nowMs >= leaseUntilMs || !isWired) {
      const retryAtMs = nowMs + RETRY_MS;
      this.#conductor = { ...this.#conductor, target: { index, stage: 'reserved', retryAtMs } };
      this.#wake(retryAtMs, false);
      return false;
    }
    this.#effects.push({ type: 'publish', index, missed: this.#missed(index), atMs });
    this.#conductor = { ...this.#conductor, expected: index + 1 };
    return true;
  }

  #missed(index: number): number {
    return Math.max(0, index - this.#conductor.expected);
  }

  #stage(stage: Stage): void {
    const { target } = this.#conductor;
    if (target !== undefined)
      this.#conductor = { ...this.#conductor, target: { ...target, stage, retryAtMs: 0 } };
  }

  #wake(atMs: number, exact: boolean): void {
    this.#effects.push({ type: 'wake', atMs, exact });
  }
}
