import { windowIdOf } from '@whoosh/backbeat-sdk';

/** The grace is a quarter beat, at most this. */
export const GRACE_MAX_MS = 500;
/** Windows that are followed at a time; the oldest goes first. */
const WINDOWS_MAX = 1_000;

/** A window as its listener saw it; times are of that listener's monotonic clock. */
export interface SeenWindow {
  readonly windowId: string;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  /** Nominal length of a beat. */
  readonly beatMs: number;
  /** From here on the listener could hear; earlier beats are not missed but unknown. */
  observedFrom: number;
  readonly heard: Set<number>;
  /** When the frame of the first beat arrived live. */
  firstArrivalMs: number | undefined;
  /** The end of its last beat; undefined while it is on. */
  endMs: number | undefined;
  /** The frame of the next window's first beat, when it was heard live. */
  nextArrivalMs: number | undefined;
  /** The claims stream was away when the window had to be closed. */
  outage: boolean;
}

/** The bar of a frame or of an own beat. */
export interface BarView {
  readonly epoch: number;
  readonly index: number;
  readonly windowId: string;
  readonly windowFrom: number;
  readonly windowTo: number;
  readonly tempoBpm: number;
}

/** Which windows there are and when each has to be closed, from frames and own beats. */
export class WindowPlan {
  #windows: SeenWindow[] = [];

  /** A frame that was heard; `arrivalMs` undefined for a stored one. */
  hear(bar: BarView, arrivalMs: number | undefined): void {
    const window = this.#windowOf(bar);
    if (window === undefined) return;
    window.heard.add(bar.index);
    window.observedFrom = Math.min(window.observedFrom, bar.index);
    if (arrivalMs === undefined || bar.index !== window.from) return;
    window.firstArrivalMs ??= arrivalMs;
    const before = this.#windows.at(this.#windows.indexOf(window) - 1);
    if (before !== undefined && before.epoch === window.epoch && before.to + 1 === window.from) {
      before.nextArrivalMs ??= arrivalMs;
    }
  }

  /** A beat that began at `startMs`, heard or not: ends the windows before it. */
  beat(bar: BarView, startMs: number): void {
    const current = this.#windowOf(bar);
    if (current === undefined) return;
    const windowStartMs = startMs - (bar.index - current.from) * current.beatMs;
    for (const window of this.#windows) {
      if (window === current) break;
      const isSameLife = window.epoch === current.epoch;
      window.endMs ??= isSameLife ? windowStartMs - (current.from - window.to - 1) * window.beatMs : startMs;
    }
  }

  /** The window that has to be closed next, once its grace is over. */
  nextEnded(): { window: SeenWindow; dueMs: number } | undefined {
    const window = this.#windows[0];
    return window?.endMs === undefined ? undefined : { window, dueMs: window.endMs + graceOf(window) };
  }

  /** All that were due by then are closed late, because the stream was away. */
  markOutage(nowMs: number): void {
    for (const window of this.#windows) {
      if (window.endMs !== undefined && window.endMs + graceOf(window) <= nowMs) window.outage = true;
    }
  }

  remove(window: SeenWindow): void {
    this.#windows = this.#windows.filter((other) => other !== window);
  }

  #windowOf(bar: BarView): SeenWindow | undefined {
    const last = this.#windows.at(-1);
    if (last !== undefined && last.epoch === bar.epoch && last.from === bar.windowFrom) return last;
    const known = this.#windows.find(({ epoch, from }) => epoch === bar.epoch && from === bar.windowFrom);
    if (known !== undefined) return known;
    // Only forward: a window that is gone was closed or skipped.
    if (
      last !== undefined &&
      (bar.epoch < last.epoch || (bar.epoch === last.epoch && bar.windowFrom < last.from))
    )
      return undefined;
    const window: SeenWindow = {
      windowId: bar.windowId,
      epoch: bar.epoch,
      from: bar.windowFrom,
      to: bar.windowTo,
      beatMs: 60_000 / bar.tempoBpm,
      observedFrom: last === undefined ? bar.index : bar.windowFrom,
      heard: new Set(),
      firstArrivalMs: undefined,
      endMs: undefined,
      nextArrivalMs: undefined,
      outage: false,
    };
    this.#windows.push(window);
    if (this.#windows.length > WINDOWS_MAX) this.#windows.shift();
    return window;
  }
}

export function graceOf({ beatMs }: { readonly beatMs: number }): number {
  return Math.min(beatMs / 4, GRACE_MAX_MS);
}

/**
 * Beats of the window that were not heard though somebody listened; at least one where the downbeat at either end was not
 * heard live, because then nobody knows the drift, and its 0 must not read like a perfect one.
 */
export function missedBeatsOf(window: SeenWindow): number {
  const { observedFrom, to, heard } = window;
  const missed = to - observedFrom + 1 - heard.size;
  return driftOf(window) === undefined ? Math.max(1, missed) : missed;
}

/**
 * (Arrival of the next window's first frame − of this one's) − nominal length; 0 where one of them is missing,
 * which the missed beats say.
 */
export function tempoDriftOf(window: SeenWindow): number {
  return driftOf(window) ?? 0;
}

function driftOf({ firstArrivalMs, nextArrivalMs, from, to, beatMs }: SeenWindow): number | undefined {
  if (firstArrivalMs === undefined || nextArrivalMs === undefined) return undefined;
  return Math.round((nextArrivalMs - firstArrivalMs - (to - from + 1) * beatMs) * 1_000) / 1_000;
}

export interface Gap {
  /** Windows with claims that nobody closed, oldest first. */
  readonly windows: readonly { readonly windowId: string; readonly from: number; readonly to: number }[];
  /** Windows without frame or claim. */
  readonly missed: number;
}

/**
 * What lies between the last closed window and the one to be closed, cut into bars of its length: reverb was away, or
 * nobody was heard. Windows with claims get their report as well.
 */
export function gapBefore(
  window: Pick<SeenWindow, 'epoch' | 'from' | 'to'>,
  closed: { readonly epoch: number; readonly to: number } | undefined,
  pendingBeats: readonly number[],
  clusterId: string,
): Gap {
  const barLength = window.to - window.from + 1;
  const claimed = pendingBeats.filter((beat) => beat < window.from);
  const start = gapStart(window, closed, claimed[0], barLength);
  if (start === undefined || start >= window.from) return { windows: [], missed: 0 };
  const firsts = new Set<number>();
  for (const beat of claimed) {
    if (beat >= start) firsts.add(start + Math.floor((beat - start) / barLength) * barLength);
  }
  const total = Math.ceil((window.from - start) / barLength);
  const windows = [...firsts].map((from) => ({
    windowId: windowIdOf(clusterId, window.epoch, from),
    from,
    to: Math.min(from + barLength, window.from) - 1,
  }));
  return { windows, missed: total - windows.length };
}

function gapStart(
  window: { readonly epoch: number; readonly from: number },
  closed: { readonly epoch: number; readonly to: number } | undefined,
  firstClaimed: number | undefined,
  barLength: number,
): number | undefined {
  if (closed !== undefined) return closed.epoch === window.epoch ? closed.to + 1 : undefined;
  // Nothing was ever closed: bars are counted back from this one as far as there are claims.
  if (firstClaimed === undefined) return undefined;
  return Math.max(0, window.from - Math.ceil((window.from - firstClaimed) / barLength) * barLength);
}
