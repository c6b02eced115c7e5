/**
 * Which cluster life a listener follows. One forged or stray frame must not lead it astray: were a frame with a huge
 * epoch, term or index simply believed, every true one after it would be old.
 *
 * Invariants
 *   L1  While the line that is followed speaks, only its own continuation counts: same epoch, no lower term, a higher
 *       index, not more than half a beat ahead of the listener's own grid, at a tempo that steps of 10 % can reach.
 *   L2  What does not continue it is a rival. A rival that goes on like a pulse (its frames a beat apart by its own
 *       tempo) is followed once the present line has been silent for one and a half beats.
 *   L3  A rival of a higher epoch is followed after `RIVAL_FRAMES_MAX` such frames even beside a present line that
 *       speaks: two clusters of one name, of which the younger counts.
 *   L4  A line that was heard twice is established: no lower epoch and no index that it has used can displace it. A
 *       single first frame is believed only until a pulse contradicts it.
 */
import { type FencePoint, judge } from './fence.ts';

/**
 * How far ahead of the own grid a frame may be, in beats. A grid that rests on a few frames may itself be late, by as
 * much as a frame may be late and still count: on a starved machine the first ones often are.
 */
const AHEAD_BEATS_MAX = 0.5;
const AHEAD_AT_FIRST_BEATS_MAX = 1;
const FIRST_SAMPLES = 5;
/** A tempo changes by at most 10 %, or 0.1 BPM, at a downbeat: at most once a beat. The rest is rounding. */
const TEMPO_STEP_MAX = 0.1;
const TEMPO_STEP_BPM_MIN = 0.1;
const TEMPO_SLACK = 1.2;
/** How far a single frame lies behind says nothing yet about how often the tempo may have changed since. */
const STEPS_AT_FIRST_MAX = 2;
/** Silence of the present line, in its beats, after which a rival may take its place. */
const SILENCE_BEATS = 1.5;
/** How far from a beat apart two frames of a pulse may arrive, in beats. */
const SPACING_BEATS = 0.5;
/** Frames of a pulse that speaks: one may be forged, the second comes a beat later. */
const RIVAL_FRAMES_MIN = 2;
const RIVAL_FRAMES_MAX = 8;

export interface LineFrame extends FencePoint {
  readonly tempoBpm: number;
}

/** The listener's own grid, once it has one. */
export interface OwnGrid {
  timeOf(index: number): number;
  readonly beatMs: number;
  /** Frames that it rests on; many, where it is not said. */
  readonly samples?: number;
}

export type Refusal = 'old_epoch' | 'old_term' | 'seen' | 'implausible';

export interface Heard<Frame> {
  readonly frame: Frame;
  readonly atMs: number;
}

export type LineVerdict<Frame> =
  | { readonly kind: 'continues' }
  | { readonly kind: 'refused'; readonly reason: Refusal }
  /** The frame belongs to a rival that is followed from now on; `held` are its earlier frames, oldest first. */
  | { readonly kind: 'adopted'; readonly held: readonly Heard<Frame>[] };

/** Follows one line of frames and knows its rival. Times are milliseconds of the listener's monotonic clock. */
export class Line<Frame extends LineFrame> {
  #last: Frame | undefined;
  #lastAtMs = 0;
  #live = 0;
  #rival: Heard<Frame>[] = [];

  /** The newest frame that counted. */
  get last(): Frame | undefined {
    return this.#last;
  }

  /** Whether more than one live frame speaks for it. */
  get isEstablished(): boolean {
    return this.#live >= RIVAL_FRAMES_MIN;
  }

  /** A stored frame of unknown age: believed like a first one, until a pulse is heard. */
  begin(frame: Frame): void {
    this.#last = frame;
  }

  judge(frame: Frame, atMs: number, grid: OwnGrid | undefined): LineVerdict<Frame> {
    const reason = this.#refusal(frame, atMs, grid);
    if (reason === undefined) {
      this.#follow(frame, atMs);
      return { kind: 'continues' };
    }
    if (this.#mayDisplace(frame, reason) && this.#isAdopted(frame, atMs)) {
      const held = this.#rival.slice(0, -1);
      this.#rival = [];
      this.#follow(frame, atMs);
      this.#live = Math.max(this.#live, RIVAL_FRAMES_MIN);
      return { kind: 'adopted', held };
    }
    return { kind: 'refused', reason };
  }

  #refusal(frame: Frame, atMs: number, grid: OwnGrid | undefined): Refusal | undefined {
    const last = this.#last;
    if (last === undefined) return undefined;
    const verdict = judge(last, frame);
    if (verdict !== 'pass') return verdict;
    if (frame.epoch > last.epoch) return 'implausible';
    const steps = this.isEstablished ? frame.index - last.index : STEPS_AT_FIRST_MAX;
    if (!isReachable(last, frame, steps)) return 'implausible';
    if (grid === undefined) return undefined;
    const isFirst = !this.isEstablished || (grid.samples ?? FIRST_SAMPLES) < FIRST_SAMPLES;
    const aheadMax = isFirst ? AHEAD_AT_FIRST_BEATS_MAX : AHEAD_BEATS_MAX;
    return grid.timeOf(frame.index) - atMs > aheadMax * grid.beatMs ? 'implausible' : undefined;
  }

  #follow(frame: Frame, atMs: number): void {
    this.#last = frame;
    this.#lastAtMs = atMs;
    this.#live += 1;
    // A younger cluster goes on being a rival beside this one.
    if ((this.#rival[0]?.frame.epoch ?? frame.epoch) <= frame.epoch) this.#rival = [];
  }

  #mayDisplace(frame: Frame, reason: Refusal): boolean {
    if (reason === 'implausible' || !this.isEstablished) return true;
    // By the order of reservations a true frame never has both: an older term and an index that is new.
    return reason === 'old_term' && frame.index > (this.#last?.index ?? -1);
  }

  #isAdopted(frame: Frame, atMs: number): boolean {
    const rival = this.#rival.at(-1);
    if (rival !== undefined && isCopy(rival.frame, frame)) return false;
    const goesOn = rival !== undefined && continues(rival, frame, atMs);
    this.#rival = goesOn ? [...this.#rival, { frame, atMs }] : [{ frame, atMs }];
    if (this.#rival.length >= RIVAL_FRAMES_MAX && frame.epoch > (this.#last?.epoch ?? 0)) return true;
    if (this.#rival.length > RIVAL_FRAMES_MAX) this.#rival.shift();
    return this.#rival.length >= RIVAL_FRAMES_MIN && this.#isSilent(atMs);
  }

  #isSilent(atMs: number): boolean {
    if (this.#live === 0 || this.#last === undefined) return true;
    const ownMs = beatMsOf(this.#last);
    const rivalMs = beatMsOf(this.#rival[0]?.frame ?? this.#last);
    // A single frame's word for its tempo is no better than the rest of it.
    const beatMs = this.isEstablished ? ownMs : Math.min(ownMs, rivalMs);
    return atMs - this.#lastAtMs > SILENCE_BEATS * beatMs;
  }
}

function isCopy(one: FencePoint, other: FencePoint): boolean {
  return one.epoch === other.epoch && one.term === other.term && one.index === other.index;
}

function isReachable(last: LineFrame, frame: LineFrame, steps: number): boolean {
  const stepBpm = Math.max(TEMPO_STEP_BPM_MIN, TEMPO_STEP_MAX * Math.max(last.tempoBpm, frame.tempoBpm));
  return Math.abs(frame.tempoBpm - last.tempoBpm) <= stepBpm * TEMPO_SLACK * steps;
}

function continues<Frame extends LineFrame>(rival: Heard<Frame>, frame: Frame, atMs: number): boolean {
  if (frame.epoch !== rival.frame.epoch || judge(rival.frame, frame) !== 'pass') return false;
  const beatMs = beatMsOf(rival.frame);
  const nominalMs = (frame.index - rival.frame.index) * beatMs;
  return Math.abs(atMs - rival.atMs - nominalMs) <= SPACING_BEATS * beatMs;
}

function beatMsOf({ tempoBpm }: LineFrame): number {
  return 60_000 / tempoBpm;
}
