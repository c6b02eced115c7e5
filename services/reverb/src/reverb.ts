import {
  type BeatListener,
  type MonotonicClock,
  type SignaturePolicy,
  systemMonotonicClock,
} from '@whoosh/backbeat-sdk';
import { type SignatureSettings, VerifierPool } from '@whoosh/backbeat-sdk/claim-signatures';
import { type Bus } from '@whoosh/bus';
import { supervise } from '@whoosh/lifecycle';
import { type Log, type Registry } from '@whoosh/telemetry';
import { hearBeats } from './beat-ear.ts';
import { Burials } from './burials.ts';
import { BROKEN_REASONS } from './domain/entry.ts';
import { beatMsOf, isOverdue, Objectives } from './domain/objectives.ts';
import { RecentWindows } from './domain/recent-windows.ts';
import { type ClosedWindow } from './domain/window-book.ts';
import { WindowPlan } from './domain/window-plan.ts';
import { type Signatures } from './intake.ts';
import { ReverbMetrics, SLOS } from './metrics.ts';
import { runProjection } from './projection.ts';
import { Session } from './session.ts';
import { StreamSource } from './store/report-source.ts';
import { ReportStream } from './store/report-stream.ts';
import { type ReportStore } from './store/reports.ts';
import { Tally } from './tally.ts';

const TELL_EVERY_MS = 1_000;

export interface ReverbOptions {
  readonly bus: Bus;
  readonly listener: BeatListener;
  readonly clusterId: string;
  readonly node: string;
  readonly barLength: number;
  readonly log: Log;
  readonly registry: Registry;
  /** Where reports are projected to, once it is there; without it the stream's seven days are all. */
  readonly store?:
    { readonly reports: ReportStore; readonly prepare: (signal: AbortSignal) => Promise<void> } | undefined;
  /** Whose signatures are believed, and whether every claim needs one; without it none is looked at. */
  readonly signatures?: SignatureSettings | undefined;
  /** The same for the frames that the stream still has; the listener has its own. */
  readonly beatSignatures?: SignaturePolicy | undefined;
  readonly clock?: MonotonicClock;
  /** How often a checkpoint is written at most. */
  readonly checkpointEveryMs?: number;
}

/** One replica: reads all claims, closes windows, stores their reports. Any number of them works at once. */
export class Reverb implements AsyncDisposable {
  readonly options: ReverbOptions;
  readonly recent = new RecentWindows();
  readonly objectives = new Objectives();
  readonly tally: Tally;
  readonly stream: ReportStream;
  readonly startedAtMs: number;
  readonly clock: MonotonicClock;
  readonly #plan = new WindowPlan();
  readonly #metrics: ReverbMetrics;
  readonly #resources = new AsyncDisposableStack();
  readonly #burials: Burials;
  readonly #signatures: Signatures | undefined;
  #framesTold: Partial<Record<(typeof BROKEN_REASONS.beat)[number], number>> = {};
  #session: Session | undefined;
  #database: 'connected' | 'away' | 'off';

  private constructor(options: ReverbOptions) {
    this.options = options;
    this.clock = options.clock ?? systemMonotonicClock;
    this.startedAtMs = this.clock.nowMs();
    this.stream = new ReportStream(new StreamSource(options.bus.jsm, options.clusterId), options.clusterId);
    this.#metrics = new ReverbMetrics(options.registry);
    this.tally = new Tally(this.#metrics, options.log);
    this.#burials = new Burials({ bus: options.bus, metrics: this.#metrics, log: options.log });
    const { clusterId, signatures } = options;
    this.#signatures = signatures && {
      ...signatures,
      pool: this.#resources.use(new VerifierPool({ clusterId, publicKeys: signatures.keys.publicKeys })),
    };
    this.#database = options.store === undefined ? 'off' : 'away';
  }

  /** Resolves when claims are read and windows are closed. */
  static async start(options: ReverbOptions): Promise<Reverb> {
    const reverb = new Reverb(options);
    const { bus, listener, barLength, log } = options;
    await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS', 'BACKBEAT_REPORTS', 'WHOOSH_DEAD']);
    const resources = reverb.#resources;
    const leave = await hearBeats({
      listener,
      plan: reverb.#plan,
      js: bus.js,
      barLength,
      signatures: options.beatSignatures,
      onHeard: () => reverb.#session?.wake(),
    });
    resources.defer(leave);
    const reading = Promise.withResolvers<void>();
    resources.use(supervise('windows', (signal) => reverb.#runSession(signal, reading.resolve), { log }));
    const { store } = options;
    if (store !== undefined)
      resources.use(supervise('projection', (signal) => reverb.#runProjection(store, signal), { log }));
    const teller = setInterval(() => reverb.#tell(), TELL_EVERY_MS);
    resources.defer(() => clearInterval(teller));
    await reading.promise;
    return reverb;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  get database(): 'connected' | 'away' | 'off' {
    return this.#database;
  }

  /** Over the last five minutes; a window that should have been reported and is not counts as well. */
  objectivesMet(): ReturnType<Objectives['met']> {
    const nowMs = this.clock.nowMs();
    const { window } = this.#plan.nextEnded() ?? {};
    const isUnclosed = window?.endMs !== undefined && isOverdue(nowMs - window.endMs, window.beatMs);
    return this.objectives.met(nowMs, isUnclosed || this.#session?.isReportOverdue(nowMs) === true);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }

  async #runSession(signal: AbortSignal, onReading: () => void): Promise<void> {
    const { bus, clusterId, log } = this.options;
    if (this.#session !== undefined) this.#metrics.rebuilds.inc();
    await using session = await Session.open({
      bus,
      clusterId,
      log,
      clock: this.clock,
      plan: this.#plan,
      tally: this.tally,
      burials: this.#burials,
      signatures: this.#signatures,
      checkpointEveryMs: this.options.checkpointEveryMs,
      metrics: this.#metrics,
      onClosed: (window) => this.#closed(window),
      onStored: (stored, delayMs) => this.#stored(stored, delayMs),
    });
    this.#session = session;
    onReading();
    await session.run(signal);
  }

  async #runProjection(store: NonNullable<ReverbOptions['store']>, signal: AbortSignal): Promise<void> {
    const { bus, clusterId, log } = this.options;
    await store.prepare(signal);
    this.#database = 'connected';
    await runProjection(
      {
        bus,
        clusterId,
        log,
        store: store.reports,
        onState: (state) => (this.#database = state),
        onBroken: (broken) => this.tally.broken(broken, 1),
      },
      signal,
    );
  }

  #closed(window: ClosedWindow): void {
    const { report } = window;
    this.recent.add(window, this.clock.nowMs());
    this.#metrics.agentsReporting.set(report.agents_reporting);
    this.#metrics.onTimeReviews.set(report.on_time_reviews);
    this.options.log.debug(
      {
        window: report.window_id,
        from: report.from_beat,
        to: report.to_beat,
        agents: report.agents_reporting,
      },
      'a window is closed',
    );
  }

  #stored({ marker, report }: Pick<ClosedWindow, 'marker' | 'report'>, delayMs: number): void {
    this.recent.reported(report.window_id);
    this.#metrics.windowsCompleted.inc();
    this.#metrics.reportDelay.observe(delayMs / 1_000);
    const isDriftKnown = marker.reason === 'frame' && marker.missed_beats === 0;
    this.objectives.add(
      {
        delayMs,
        beatMs: beatMsOf(marker),
        beats: marker.to_beat - marker.from_beat + 1,
        driftMs: isDriftKnown ? marker.tempo_drift_ms : undefined,
      },
      this.clock.nowMs(),
    );
  }

  #tell(): void {
    this.#tellFrames();
    this.tally.tell();
    this.#metrics.streamLag.set(this.#session?.lag ?? 0);
    this.recent.forget(this.clock.nowMs());
    const met = this.objectivesMet();
    for (const slo of SLOS) this.#metrics.sloMet.set({ slo }, met[slo] ? 1 : 0);
  }

  /** Frames that the listener refused since it was last told. */
  #tellFrames(): void {
    const { refused, dropped } = this.options.listener.link.counters;
    const counts = {
      malformed: refused.malformed,
      foreign_cluster: refused.foreign_cluster,
      unsigned: refused.unsigned,
      signature: refused.bad_signature,
      implausible: dropped.implausible,
    };
    for (const reason of BROKEN_REASONS.beat) {
      const count = counts[reason] - (this.#framesTold[reason] ?? 0);
      if (count > 0) this.tally.broken({ what: 'beat', reason }, count);
    }
    this.#framesTold = counts;
  }
}
