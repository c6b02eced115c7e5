import { type Bus, StoreRefused } from '@whoosh/bus';
import { backbeat, CallError, STREAMS } from '@whoosh/contracts';
import { type MonotonicClock, windowIdOf } from '@whoosh/backbeat-sdk';
import { type Log } from '@whoosh/telemetry';
import { type WindowBook } from './domain/window-book.ts';
import {
  gapBefore,
  graceOf,
  missedBeatsOf,
  type SeenWindow,
  tempoDriftOf,
  type WindowPlan,
} from './domain/window-plan.ts';

const STREAM = STREAMS.BACKBEAT_CLAIMS.name;
/** While nothing is due, it is looked again after this; frames and own beats wake the closer earlier. */
const IDLE_MS = 1_000;
const AWAY_POLL_MS = 100;
/** A reader that is behind has read what there was soon; a report must not wait longer than that. */
const BEHIND_POLL_MS = 5;
const STORE_TIMEOUT_MS = 2_000;
/** How long the reader may take to show a marker that was stored. */
const SHOWN_TIMEOUT_MS = 2_000;
const SHOWN_POLL_MS = 5;

/** How far the claims stream is read. */
export interface ReadState {
  readonly isAway: boolean;
  /** Messages that were taken. */
  readonly taken: number;
  /** Those and what is known to lie in the stream beside them; undefined while nothing is known. */
  readonly known: number | undefined;
  /** Resolves when all that was read until now is in the book. */
  settled(): Promise<void>;
}

export interface CloserOptions {
  readonly bus: Bus;
  readonly clusterId: string;
  readonly plan: WindowPlan;
  readonly book: WindowBook;
  readonly reader: ReadState;
  readonly clock: MonotonicClock;
  readonly log: Log;
}

/**
 * Closes windows in their order, each by a marker in the claims stream: the first stored one wins, whichever replica
 * wrote it. While the stream is away nothing is closed; afterwards all that is due, in order.
 */
export class Closer {
  readonly #options: CloserOptions;
  readonly #won = new Set<string>();
  /** The window in whose place lies a marker that was not believed, and where that lies in the stream. */
  #refused: { readonly windowId: string; readonly sequence: number } | undefined;
  #owed: { readonly window: SeenWindow; readonly count: number } | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(options: CloserOptions) {
    this.#options = options;
  }

  /** Something was heard; there may be more to do. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Whether this replica wrote the marker of the window. Answers once. */
  takeWon(windowId: string): boolean {
    return this.#won.delete(windowId);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { plan, reader, clock, bus } = this.#options;
    while (!signal.aborted) {
      const isAway = reader.isAway || !bus.isConnected();
      if (isAway) {
        plan.markOutage(clock.nowMs());
        this.#owed = undefined;
      }
      const ended = plan.nextEnded();
      if (ended === undefined) await this.#sleep(IDLE_MS, signal);
      else if (isAway) await this.#sleep(AWAY_POLL_MS, signal);
      else if (ended.dueMs > clock.nowMs()) await this.#sleep(ended.dueMs - clock.nowMs(), signal);
      // Only now: what is unread before it is due may long be read then.
      else if (!this.#isRead(ended.window)) await this.#sleep(BEHIND_POLL_MS, signal);
      else {
        await reader.settled();
        await this.#close(ended.window, signal);
      }
    }
  }

  /**
   * Whether all that was known to be stored when the window fell due is read. What came since does not matter to it: so
   * a flow of claims without a break holds no window up.
   *
   * Reports do not depend on it: which claims are in a window is decided by the place of its marker in the stream. It
   * is what the marker says of the windows before it, and whether an unheard window is closed at all, that needs the
   * markers and claims stored until then. One that was stored in the last instant and announced by nothing may still be
   * unread: a marker that is there already makes ours lose, and claims of a window that was passed over
   * are found by the next one, which closes it first.
   */
  #isRead(window: SeenWindow): boolean {
    const { taken, known } = this.#options.reader;
    if (known === undefined) {
      this.#owed = undefined;
      return false;
    }
    // What is known shrinks when what was announced is purged before it is read.
    const owed = this.#owed?.window === window ? Math.min(this.#owed.count, known) : known;
    this.#owed = { window, count: owed };
    return taken >= owed;
  }

  async #close(window: SeenWindow, signal: AbortSignal): Promise<void> {
    const { plan, book, clusterId } = this.#options;
    const gap = gapBefore(window, book.closed, book.pendingBeats, clusterId);
    const [oldest] = gap.windows;
    if (isClosed(book, window)) {
      plan.remove(window);
    } else if (oldest !== undefined) {
      // One by one: what is missed before each is told by what was closed before it.
      const endMs = (window.endMs ?? 0) - (window.to - oldest.to) * window.beatMs;
      const part: SeenWindow = { ...window, ...oldest, ...UNSEEN, endMs, observedFrom: oldest.to + 1 };
      const missed = gapBefore(part, book.closed, [], clusterId).missed;
      await this.#publish(markerOf(clusterId, part, missed, this.#elapsedMs(part)), signal);
    } else if (window.heard.size > 0 || this.#hasClaims(window)) {
      await this.#publish(markerOf(clusterId, window, gap.missed, this.#elapsedMs(window)), signal);
    } else {
      plan.remove(window);
    }
  }

  #elapsedMs(window: SeenWindow): number {
    return Math.max(0, this.#options.clock.nowMs() - (window.endMs ?? 0));
  }

  #hasClaims({ from, to }: SeenWindow): boolean {
    return this.#options.book.pendingBeats.some((beat) => beat >= from && beat <= to);
  }

  async #publish(marker: backbeat.WindowClose, signal: AbortSignal): Promise<void> {
    const { bus, clusterId, log } = this.#options;
    const subject = backbeat.windowCloses.subject.at({ cluster: clusterId, window: marker.window_id });
    this.#won.add(marker.window_id);
    const last = this.#refused?.windowId === marker.window_id ? this.#refused.sequence : 0;
    try {
      await bus.store(subject, marker, { expectLastSubjectSequence: last, timeoutMs: STORE_TIMEOUT_MS });
    } catch (cause) {
      const isLost = cause instanceof StoreRefused && cause.reason === 'lost';
      // Without an answer it may have been stored all the same; the reader will tell.
      if (isLost) this.#won.delete(marker.window_id);
      else if (!(cause instanceof CallError)) throw cause;
      else {
        log.warn({ err: cause, window: marker.window_id }, 'a window could not be closed yet');
        this.#options.plan.markOutage(this.#options.clock.nowMs());
        await this.#sleep(AWAY_POLL_MS, signal);
      }
    }
    await this.#shown(marker, signal);
    if (!signal.aborted && !isClosed(this.#options.book, { epoch: marker.epoch, to: marker.to_beat }))
      await this.#findRefused(marker.window_id, subject);
  }

  /**
   * What lies in the place of a window that stays open was not believed, an own marker too when the stream's time said
   * so: the next one is stored behind it. Should it only be unread yet, the second is one of a closed window and says
   * nothing.
   */
  async #findRefused(windowId: string, subject: string): Promise<void> {
    try {
      const stored = await this.#options.bus.jsm.streams.getMessage(STREAM, { last_by_subj: subject });
      this.#refused = stored === null ? undefined : { windowId, sequence: stored.seq };
    } catch (cause) {
      this.#options.log.warn({ err: cause, window: windowId }, 'the place of a window could not be read');
    }
  }

  /** Waits until the book has seen the marker: the next window's gap is counted from there. */
  async #shown(marker: backbeat.WindowClose, signal: AbortSignal): Promise<void> {
    const { book, clock } = this.#options;
    const untilMs = clock.nowMs() + SHOWN_TIMEOUT_MS;
    while (
      !signal.aborted &&
      !isClosed(book, { epoch: marker.epoch, to: marker.to_beat }) &&
      clock.nowMs() < untilMs
    ) {
      await this.#sleep(SHOWN_POLL_MS, signal);
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    this.#wake = Promise.withResolvers<void>();
    const woken = this.#wake;
    const cancel = clock.at(clock.nowMs() + ms, () => woken.resolve());
    const stop = (): void => woken.resolve();
    signal.addEventListener('abort', stop, { once: true });
    await woken.promise;
    signal.removeEventListener('abort', stop);
    cancel();
  }
}

/** Of a window that lies in a gap nobody knows more than its claims. */
const UNSEEN = {
  heard: new Set<number>(),
  firstArrivalMs: undefined,
  nextArrivalMs: undefined,
  outage: false,
} as const;

function isClosed(book: WindowBook, { epoch, to }: { readonly epoch: number; readonly to: number }): boolean {
  const { closed } = book;
  return closed !== undefined && (closed.epoch > epoch || (closed.epoch === epoch && closed.to >= to));
}

function markerOf(
  clusterId: string,
  window: SeenWindow,
  missedWindows: number,
  elapsedMs: number,
): backbeat.WindowClose {
  return {
    type: 'backbeat.windowclose.v1',
    // As the protocol derives it, whatever the frames of a pulse call it.
    window_id: windowIdOf(clusterId, window.epoch, window.from),
    epoch: window.epoch,
    from_beat: window.from,
    to_beat: window.to,
    reason: window.nextArrivalMs === undefined ? 'grid' : 'frame',
    missed_beats: missedBeatsOf(window),
    missed_windows: missedWindows,
    tempo_drift_ms: tempoDriftOf(window),
    grace_ms: graceOf(window),
    beat_ms: window.beatMs,
    elapsed_ms: Math.round(elapsedMs * 1_000) / 1_000,
    ...(window.outage && { stream_outage: true }),
  };
}
