import { type FencePoint } from './fence.ts';
import { GridEstimator, type GridPoint } from './grid.ts';
import { type Heard, Line, type Refusal } from './line.ts';

/** A beat is missed by this part of a beat before the listener goes on by itself. */
const PATIENCE_BEATS = 0.5;
/** The most that the own beat may be moved, per beat, to meet the pulse's again. */
export const SLEW_MAX = 0.05;
/** Nearer than this the own beat and the pulse's are one. */
const SLEW_DONE_MS = 1;
/** This many frames in a row, each a beat late but spaced like beats, mean that the grid has moved. */
const LATE_IN_A_ROW_MAX = 3;
/** Own beats that were counted on the word of one frame, and lie this far ahead of a pulse, are not waited for. */
const RUNAWAY_BEATS_MAX = 16;

/** Back from being alone, frames farther than this from the estimate say that the two clocks have parted. */
const REANCHOR_BEATS = 0.01;
/**
 * One that comes early says it alone, for nothing makes a frame early. Lateness is ordinary where a process was starved,
 * and the likeliest reason for having been alone: it takes so many late ones in a row, of which the least late is right.
 */
const PARTED_FRAMES = 3;

export type MetronomeMode = 'silent' | 'locked' | 'degraded' | 'slewing';

export interface MetronomeFrame extends FencePoint, GridPoint {}

interface Doubt<Frame> extends Heard<Frame> {
  readonly lateMs: number;
}

export type MetronomeEvent<Frame> =
  | {
      readonly kind: 'beat';
      readonly index: number;
      readonly degraded: boolean;
      readonly frame: Frame | undefined;
    }
  /** More than a beat behind the listener's own grid: reported, not acted on. */
  | { readonly kind: 'late'; readonly frame: Frame; readonly lateMs: number }
  | { readonly kind: 'dropped'; readonly frame: Frame; readonly reason: Refusal }
  /** The frame began or proves another line, see `line.ts`; `held` are frames of it that were dropped before. */
  | { readonly kind: 'adopted'; readonly frame: Frame; readonly held: readonly Heard<Frame>[] }
  /** Own beats that were left out, because the process stood still or the pulse was far ahead. */
  | { readonly kind: 'skipped'; readonly count: number }
  /** The pulse was more than half a beat away, so there was nothing to slew. */
  | { readonly kind: 'jumped'; readonly byMs: number }
  | { readonly kind: 'mode'; readonly mode: MetronomeMode };

/**
 * Turns frames and the passing of time into the beats that one listener lives by. Follows the pulse
 * while it is heard; goes on alone on the estimated grid from one and a half beats after the last frame;
 * meets the pulse again by at most 5 % of a beat per beat, never backwards, never an index twice.
 * Times are milliseconds of the listener's monotonic clock.
 */
export class Metronome<Frame extends MetronomeFrame> {
  readonly #grid = new GridEstimator();
  readonly #line = new Line<Frame>();
  #mode: MetronomeMode = 'silent';
  #emitted = -1;
  /** Where the last own beat stood; meaningful while not locked. */
  #emittedAtMs = 0;
  #heardAtMs = 0;
  #waiting: Frame | undefined;
  #lateInARow = 0;
  #lateArrivalMs = 0;
  /** Frames since the pulse is heard again, each late; undefined when the estimate is known to hold. */
  #doubts: Doubt<Frame>[] | undefined;

  get mode(): MetronomeMode {
    return this.#mode;
  }

  get grid(): Pick<GridEstimator, 'beatMs' | 'ratePpm' | 'samples' | 'timeOf' | 'indexAt' | 'isEmpty'> {
    return this.#grid;
  }

  get fence(): FencePoint | undefined {
    return this.#line.last;
  }

  /** The last index that was handed out, -1 before the first. */
  get index(): number {
    return this.#emitted;
  }

  /** Takes a stored frame of unknown age as the point to start from; the grid waits for a live one. */
  replay(frame: Frame): MetronomeEvent<Frame>[] {
    if (this.#line.last !== undefined) return [];
    this.#line.begin(frame);
    this.#emitted = frame.index;
    return [{ kind: 'beat', index: frame.index, degraded: false, frame }];
  }

  hear(frame: Frame, nowMs: number): MetronomeEvent<Frame>[] {
    const { last, isEstablished } = this.#line;
    const verdict = this.#line.judge(frame, nowMs, this.#grid.isEmpty ? undefined : this.#grid);
    if (verdict.kind === 'refused') return [{ kind: 'dropped', frame, reason: verdict.reason }];
    if (verdict.kind === 'continues') return this.#take(frame, nowMs, false);
    const adopted = { kind: 'adopted', frame, held: verdict.held } as const;
    const isRunaway = !isEstablished && this.#emitted > frame.index + RUNAWAY_BEATS_MAX;
    const isSameLife = last?.epoch === frame.epoch && frame.index > last.index && !isRunaway;
    return [adopted, ...(isSameLife ? this.#take(frame, nowMs, true) : this.#restart(frame, nowMs))];
  }

  #take(frame: Frame, nowMs: number, isAdopted: boolean): MetronomeEvent<Frame>[] {
    const lateMs = this.#grid.delayOf(frame, nowMs) ?? 0;
    // Of a line that was not followed until now the own grid says nothing.
    const isLate = !this.#grid.isEmpty && !isAdopted && lateMs > this.#grid.beatMs;
    if (isLate) return this.#late(frame, lateMs, nowMs);
    this.#lateInARow = 0;
    const wakeAtMs = this.wakeAtMs() ?? nowMs;
    if (isAdopted) this.#reanchor(frame, nowMs);
    else this.#place({ frame, atMs: nowMs, lateMs });
    this.#heardAtMs = nowMs;
    if (this.#mode === 'silent' || this.#mode === 'locked') return this.#follow(frame, nowMs);
    // What was due before it was heard is late by this process, and stays where it belongs.
    if (wakeAtMs > nowMs) this.#notBefore(nowMs);
    return this.#meet(frame, nowMs);
  }

  /** A frame may show that the next own beat should have been on: it is on now, and those after it count from there. */
  #notBefore(nowMs: number): void {
    if (this.#nextOwnMs() < nowMs) this.#emittedAtMs = nowMs - (1 - SLEW_MAX) * this.#grid.beatMs;
  }

  /** Puts a frame that counts on the grid, and decides after a time alone whether the grid still holds. */
  #place(heard: Doubt<Frame>): void {
    if (this.#mode === 'degraded') this.#doubts = [];
    this.#grid.observe(heard.frame, heard.atMs);
    if (this.#doubts === undefined) return;
    const offBeats = heard.lateMs / this.#grid.beatMs;
    if (offBeats < -REANCHOR_BEATS) this.#reanchor(heard.frame, heard.atMs);
    else if (offBeats <= REANCHOR_BEATS) this.#doubts = undefined;
    else if (this.#doubts.push(heard) >= PARTED_FRAMES) this.#part(this.#doubts);
  }

  #part(doubts: readonly Doubt<Frame>[]): void {
    const leastLate = doubts.reduce((best, each) => (each.lateMs < best.lateMs ? each : best));
    this.#reanchor(leastLate.frame, leastLate.atMs);
    for (const { frame, atMs } of doubts.slice(doubts.indexOf(leastLate) + 1))
      this.#grid.observe(frame, atMs);
  }

  #reanchor(frame: Frame, atMs: number): void {
    this.#doubts = undefined;
    this.#grid.reanchor(frame, atMs);
  }

  /** Called at {@link wakeAtMs} or later; earlier calls do nothing. */
  tick(nowMs: number): MetronomeEvent<Frame>[] {
    const wakeAtMs = this.wakeAtMs();
    if (wakeAtMs === undefined || nowMs < wakeAtMs) return [];
    const events: MetronomeEvent<Frame>[] = [];
    if (this.#mode === 'locked' || (this.#mode === 'slewing' && this.#isUnheard(nowMs))) {
      if (this.#mode === 'locked') this.#emittedAtMs = this.#grid.timeOf(this.#emitted);
      this.#enter('degraded', events);
    }
    const dueMs = this.#nextOwnMs();
    const behind = Math.floor((nowMs - dueMs) / this.#grid.beatMs);
    const skipped = Math.max(0, behind);
    if (skipped > 0) events.push({ kind: 'skipped', count: skipped });
    this.#emitOwn(this.#emitted + 1 + skipped, dueMs + skipped * this.#grid.beatMs, events);
    this.#settle(events);
    return events;
  }

  /** When {@link tick} has something to do; undefined while there is no grid. */
  wakeAtMs(): number | undefined {
    if (this.#mode === 'silent') return undefined;
    if (this.#mode === 'locked') {
      return this.#grid.timeOf(this.#emitted + 1) + PATIENCE_BEATS * this.#grid.beatMs;
    }
    return this.#nextOwnMs();
  }

  #follow(frame: Frame, nowMs: number): MetronomeEvent<Frame>[] {
    const events: MetronomeEvent<Frame>[] = [];
    this.#enter('locked', events);
    // Already handed out while alone and ahead: the pulse has to come up to us.
    if (frame.index <= this.#emitted) return events;
    this.#emitted = frame.index;
    this.#emittedAtMs = nowMs;
    events.push({ kind: 'beat', index: frame.index, degraded: false, frame });
    return events;
  }

  #meet(frame: Frame, nowMs: number): MetronomeEvent<Frame>[] {
    const events: MetronomeEvent<Frame>[] = [];
    const ownMs = this.#emittedAtMs + (frame.index - this.#emitted) * this.#grid.beatMs;
    const offMs = this.#grid.timeOf(frame.index) - ownMs;
    if (Math.abs(offMs) > this.#grid.beatMs / 2) {
      events.push({ kind: 'jumped', byMs: offMs });
      const left = frame.index - this.#emitted - 1;
      if (left > 0) events.push({ kind: 'skipped', count: left });
      this.#waiting = undefined;
      return [...events, ...this.#follow(frame, nowMs)];
    }
    this.#enter('slewing', events);
    if (frame.index > this.#emitted) this.#waiting = frame;
    this.#settle(events);
    return events;
  }

  #emitOwn(index: number, atMs: number, events: MetronomeEvent<Frame>[]): void {
    const frame = this.#waiting?.index === index ? this.#waiting : undefined;
    this.#waiting = undefined;
    this.#emitted = index;
    this.#emittedAtMs = atMs;
    events.push({ kind: 'beat', index, degraded: this.#mode === 'degraded', frame });
  }

  /** Ends the slewing once the own beat is where the pulse's is. */
  #settle(events: MetronomeEvent<Frame>[]): void {
    if (this.#mode !== 'slewing' || this.#waiting !== undefined || this.#doubts !== undefined) return;
    const offMs = Math.abs(this.#grid.timeOf(this.#emitted) - this.#emittedAtMs);
    if (offMs <= SLEW_DONE_MS) this.#enter('locked', events);
  }

  #nextOwnMs(): number {
    const beatMs = this.#grid.beatMs;
    const unslewedMs = this.#emittedAtMs + beatMs;
    const offMs = this.#grid.timeOf(this.#emitted + 1) - unslewedMs;
    return unslewedMs + Math.min(SLEW_MAX * beatMs, Math.max(-SLEW_MAX * beatMs, offMs));
  }

  #isUnheard(nowMs: number): boolean {
    return nowMs - this.#heardAtMs > (1 + PATIENCE_BEATS) * this.#grid.beatMs;
  }

  #late(frame: Frame, lateMs: number, nowMs: number): MetronomeEvent<Frame>[] {
    // A burst of frames that were held up somewhere is late; a grid that was moved keeps its rhythm.
    const isSpaced = this.#lateInARow === 0 || nowMs - this.#lateArrivalMs > this.#grid.beatMs / 2;
    this.#lateInARow = isSpaced ? this.#lateInARow + 1 : 1;
    this.#lateArrivalMs = nowMs;
    if (this.#lateInARow < LATE_IN_A_ROW_MAX) return [{ kind: 'late', frame, lateMs }];
    this.#lateInARow = 0;
    this.#reanchor(frame, nowMs);
    this.#heardAtMs = nowMs;
    return [{ kind: 'jumped', byMs: lateMs }, ...this.#follow(frame, nowMs)];
  }

  #restart(frame: Frame, nowMs: number): MetronomeEvent<Frame>[] {
    this.#reanchor(frame, nowMs);
    this.#heardAtMs = nowMs;
    this.#waiting = undefined;
    this.#lateInARow = 0;
    this.#emitted = -1;
    return this.#follow(frame, nowMs);
  }

  #enter(mode: MetronomeMode, events: MetronomeEvent<Frame>[]): void {
    if (this.#mode === mode) return;
    this.#mode = mode;
    events.push({ kind: 'mode', mode });
  }
}
