import { type MonotonicClock } from '@whoosh/backbeat-sdk';
import { type Bus } from '@whoosh/bus';
import { type backbeat } from '@whoosh/contracts';
import { type Log } from '@whoosh/telemetry';
import { type Burials } from './burials.ts';
import { CHECKPOINT_EVERY_MS, Checkpoints } from './checkpoints.ts';
import { ClaimsReader } from './claims-reader.ts';
import { Closer } from './closer.ts';
import { beatMsOf, isOverdue } from './domain/objectives.ts';
import { type BookCheckpoint } from './domain/checkpoint.ts';
import { type ClosedWindow, type WindowBook } from './domain/window-book.ts';
import { type WindowPlan } from './domain/window-plan.ts';
import { Intake, type Signatures, type Taken } from './intake.ts';
import { type ReverbMetrics } from './metrics.ts';
import { ReportWriter } from './report-writer.ts';
import { type Tally } from './tally.ts';

const UNREADABLE = { what: 'checkpoint', reason: 'unreadable' } as const;

type Reported = Pick<ClosedWindow, 'marker' | 'report'>;

export interface SessionOptions {
  readonly bus: Bus;
  readonly clusterId: string;
  readonly clock: MonotonicClock;
  readonly plan: WindowPlan;
  readonly tally: Tally;
  readonly metrics: ReverbMetrics;
  readonly log: Log;
  readonly burials: Burials;
  /** Whose signatures are believed; undefined when no keys are configured. */
  readonly signatures?: Signatures | undefined;
  readonly checkpointEveryMs?: number | undefined;
  readonly onClosed: (window: ClosedWindow) => void;
  readonly onStored: (stored: Reported, delayMs: number) => void;
}

/**
 * One reading of the claims stream: from the last checkpoint to its end and on. When anything goes wrong it ends,
 * and the next one begins from the checkpoint: the stream is the memory, not this process.
 */
export class Session implements AsyncDisposable {
  readonly book: WindowBook;
  readonly #options: SessionOptions;
  readonly #checkpoints: Checkpoints;
  readonly #writer: ReportWriter;
  readonly #intake: Intake;
  /** Windows whose report is not stored yet, by their id. */
  readonly #unreported = new Map<
    string,
    { readonly marker: backbeat.WindowClose; readonly readAtMs: number }
  >();
  #reader: ClaimsReader | undefined;
  #closer: Closer | undefined;
  #next: { readonly windowId: string; readonly checkpoint: BookCheckpoint } | undefined;

  private constructor(options: SessionOptions, checkpoints: Checkpoints, book: WindowBook) {
    this.#options = options;
    this.#checkpoints = checkpoints;
    this.book = book;
    const { bus, clusterId, log, signatures } = options;
    this.#intake = new Intake({ clusterId, signatures, log, onTaken: (taken) => this.#take(taken) });
    this.#writer = new ReportWriter({ bus, clusterId, log, onStored: (stored) => this.#stored(stored) });
  }

  static async open(options: SessionOptions): Promise<Session> {
    const { bus, clusterId, log } = options;
    const checkpoints = new Checkpoints(bus, clusterId, options.checkpointEveryMs ?? CHECKPOINT_EVERY_MS);
    const book = await checkpoints.load((cause) => {
      options.tally.broken(UNREADABLE, 1);
      log.error(
        { err: cause },
        'the checkpoint cannot be read, the claims stream is read from its beginning',
      );
    });
    const session = new Session(options, checkpoints, book);
    session.#reader = await ClaimsReader.open({
      bus,
      clusterId,
      afterSequence: book.markerSequence,
      onMessage: (subject, message, place) => session.#intake.put(subject, message, place),
    });
    session.#closer = new Closer({ ...options, book, reader: session });
    return session;
  }

  get lag(): number {
    return (this.#reader?.reading.lag ?? 0) + this.#intake.waiting;
  }

  get isCaughtUp(): boolean {
    return this.#reader?.reading.isCaughtUp ?? false;
  }

  get taken(): number {
    return this.#reader?.reading.taken ?? 0;
  }

  get known(): number | undefined {
    return this.#reader?.reading.known;
  }

  get isAway(): boolean {
    return this.#reader?.isAway ?? true;
  }

  /** Resolves when all that was read until now is in the book. */
  settled(): Promise<void> {
    return this.#intake.settled();
  }

  get reportsWaiting(): number {
    return this.#writer.waiting;
  }

  /** Whether a window that is closed has waited too long for its report to be stored. */
  isReportOverdue(nowMs: number): boolean {
    for (const { marker, readAtMs } of this.#unreported.values())
      if (isOverdue(delayOf(marker) + nowMs - readAtMs, beatMsOf(marker))) return true;
    return false;
  }

  wake(): void {
    this.#closer?.wake();
  }

  /** Works until told to stop; rejects when the reading has to begin anew. */
  async run(signal: AbortSignal): Promise<void> {
    const own = new AbortController();
    const both = AbortSignal.any([signal, own.signal]);
    const stopped = Promise.withResolvers<void>();
    both.addEventListener('abort', () => stopped.resolve(), { once: true });
    const work = [this.#writer.run(both), this.#closer?.run(both) ?? stopped.promise];
    try {
      await Promise.race([stopped.promise, this.#reader?.failed, this.#intake.failed, ...work]);
    } finally {
      own.abort();
      await Promise.allSettled(work);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader?.[Symbol.asyncDispose]();
    this.#intake.close();
  }

  #take({ subject, message, place, entry }: Taken): void {
    const { tally, metrics, clock, burials, onClosed } = this.#options;
    if (subject.endsWith('.checkpoint')) {
      if (!this.#checkpoints.meet(message, place, this.book.markerSequence)) tally.broken(UNREADABLE, 1);
      return;
    }
    if (entry === undefined) return;
    const beganMs = entry.kind === 'marker' ? clock.nowMs() : 0;
    const applied = this.book.apply(entry);
    tally.note(applied, place.storedAtMs);
    if (applied.kind === 'invalid') burials.offer({ kind: 'claim', reason: applied.reason, message, place });
    if (applied.kind === 'broken')
      burials.offer({ kind: applied.what, reason: applied.reason, message, place });
    if (applied.kind !== 'closed') return;
    const { window } = applied;
    const { marker } = window;
    metrics.windowProcessing.observe((clock.nowMs() - beganMs) / 1_000);
    this.#unreported.set(marker.window_id, { marker, readAtMs: beganMs });
    if (this.#next === undefined && this.#checkpoints.isDue(place.storedAtMs)) {
      this.#next = { windowId: marker.window_id, checkpoint: this.book.checkpoint() };
    }
    onClosed(window);
    this.#writer.put(window);
  }

  #stored(stored: Reported): void {
    const { clock, onStored, log } = this.#options;
    const { window_id: windowId } = stored.marker;
    const readAtMs = this.#unreported.get(windowId)?.readAtMs ?? clock.nowMs();
    this.#unreported.delete(windowId);
    onStored(stored, delayOf(stored.marker) + clock.nowMs() - readAtMs);
    const isOurs = this.#closer?.takeWon(windowId) ?? false;
    if (this.#next?.windowId !== windowId) return;
    const { checkpoint } = this.#next;
    this.#next = undefined;
    // The replica that closed the window writes; should it die before, the next window is soon there.
    if (!isOurs) return;
    this.#checkpoints.write(checkpoint).then(
      (outcome) => {
        if (outcome === 'overtaken')
          log.debug({ sequence: checkpoint.sequence }, 'another replica has written a checkpoint');
        if (outcome === 'too_large')
          log.warn({ sequence: checkpoint.sequence }, 'the checkpoint is too large, the claims are kept');
      },
      (cause: unknown) =>
        log.warn({ err: cause, sequence: checkpoint.sequence }, 'the checkpoint could not be written'),
    );
  }
}

/** From the end of the window to its marker. */
function delayOf({ elapsed_ms: elapsedMs, grace_ms: graceMs }: backbeat.WindowClose): number {
  return elapsedMs ?? graceMs;
}
