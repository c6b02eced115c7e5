import { type Msg, type NatsConnection, type Subscription } from '@nats-io/nats-core';
import { backbeat, HEADERS } from '@whoosh/contracts';
import { decodeFull, Hlc, nodeSuffix } from 'hlc-ts';
import { type BeatBudget } from './beat-budget.ts';
import { ClaimSender } from './claim-sender.ts';
import { currentFrame } from './current-frame.ts';
import { type Bar, barOf, type Beat, beatAt, type HeardFrame } from './domain/beat.ts';
import { type Refusal } from './domain/line.ts';
import { Metronome, type MetronomeEvent, type MetronomeMode } from './domain/metronome.ts';
import { flushed } from './flushed.ts';
import { type FrameProblem, readFrame } from './frame-reader.ts';
import { LogGate } from './log-gate.ts';
import { type MonotonicClock, systemMonotonicClock } from './monotonic-clock.ts';
import { type SignaturePolicy } from './signature.ts';

/** The part of a log that the link writes to; a pino logger is one. */
export interface LinkLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LinkOptions {
  readonly clusterId: string;
  readonly connection: NatsConnection;
  readonly log?: LinkLog | undefined;
  readonly clock?: MonotonicClock | undefined;
  /** Bar length of a pulse whose frames do not carry theirs. */
  readonly barLength?: number | undefined;
  readonly signatures?: SignaturePolicy | undefined;
  /** Tie breaker of the timestamps; by default a hash of the cluster. */
  readonly node?: number | undefined;
}

export interface LinkCounters {
  beats: number;
  degradedBeats: number;
  lateFrames: number;
  skippedBeats: number;
  jumps: number;
  reconnects: number;
  /** Times that another line of frames was taken for the cluster's: a new life of it, or one after a long silence. */
  adopted: number;
  /** Callbacks of other parts of this program that threw. */
  failedListeners: number;
  dropped: Record<Refusal, number>;
  refused: Record<FrameProblem, number>;
}

/** What listens on a link. */
export interface LinkListener {
  beat(beat: Beat): void;
  /** A live frame that counts, and when it arrived; a frame that was held back until a second proved it comes late. */
  frame?(frame: HeardFrame, arrivalMs: number): void;
  late?(frame: HeardFrame, lateMs: number): void;
}

/**
 * One connection's ear for one cluster: frames in, beats out, shared by every agent and listener of the
 * process. Owns the subscription, the timer and the claims on their way; not the connection.
 */
export class BeatLink {
  readonly clusterId: string;
  readonly connection: NatsConnection;
  readonly clock: MonotonicClock;
  readonly claims: ClaimSender;
  readonly hlc: Hlc;
  readonly counters: LinkCounters = {
    beats: 0,
    degradedBeats: 0,
    lateFrames: 0,
    skippedBeats: 0,
    jumps: 0,
    reconnects: 0,
    adopted: 0,
    failedListeners: 0,
    dropped: { old_epoch: 0, old_term: 0, seen: 0, implausible: 0 },
    refused: { malformed: 0, foreign_cluster: 0, unsigned: 0, bad_signature: 0 },
  };
  readonly #options: LinkOptions;
  readonly #metronome = new Metronome<HeardFrame>();
  readonly #listeners = new Set<LinkListener>();
  readonly #budgets = new Set<BeatBudget>();
  readonly #gate = new LogGate();
  #subscription: Subscription | undefined;
  #cancelTimer: (() => void) | undefined;
  #bar: Bar | undefined;
  #current: Beat | undefined;
  #lastFrame: { atMs: number; offsetMs: number } | undefined;
  #isClosed = false;
  #isConnected = true;
  #unheardFrames = 0;

  private constructor(options: LinkOptions) {
    this.#options = options;
    this.clusterId = backbeat.ClusterId.parse(options.clusterId);
    this.connection = options.connection;
    this.clock = options.clock ?? systemMonotonicClock;
    this.hlc = new Hlc({ physicalMs: () => Date.now(), node: options.node ?? nodeSuffix(options.clusterId) });
    this.claims = new ClaimSender({ connection: options.connection, clock: this.clock });
  }

  /** Resolves when beats are heard: subscribed, flushed, and started from the stored frame if there is one. */
  static async open(options: LinkOptions): Promise<BeatLink> {
    const link = new BeatLink(options);
    const subject = backbeat.beats.subject.at({ cluster: link.clusterId });
    link.#subscription = options.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) link.#hearOwn(message);
        else link.#complain('subscription', 'the subscription to the beat failed', { err: error });
      },
    });
    void link.#watchConnection();
    await flushed(options.connection);
    const stored = await currentFrame(options.connection, link.clusterId);
    if (stored !== undefined) link.#replay(stored);
    return link;
  }

  get mode(): MetronomeMode {
    return this.#metronome.mode;
  }

  /** Whether the connection is up; own beats go on when it is not. */
  get isConnected(): boolean {
    return this.#isConnected && !this.connection.isClosed();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The beat that is on, by this listener's own reckoning. */
  get current(): Beat | undefined {
    return this.#current;
  }

  /** How fast this process's clock runs against the pulse's, and how late the last frame came. */
  get drift(): { ppm: number; offsetMs: number } {
    return { ppm: this.#metronome.grid.ratePpm, offsetMs: this.#lastFrame?.offsetMs ?? 0 };
  }

  get lastFrameAgeMs(): number | undefined {
    return this.#lastFrame === undefined ? undefined : this.clock.nowMs() - this.#lastFrame.atMs;
  }

  /** When the beat falls on `clock`; undefined before the first live frame. */
  timeOf(index: number): number | undefined {
    return this.#metronome.grid.isEmpty ? undefined : this.#metronome.grid.timeOf(index);
  }

  /** One beat on `clock`; undefined before the first live frame. */
  get beatMs(): number | undefined {
    return this.#metronome.grid.isEmpty ? undefined : this.#metronome.grid.beatMs;
  }

  /** The beat that has begun by now on the estimated grid, whether it was heard or not. */
  get gridIndex(): number | undefined {
    return this.#metronome.grid.isEmpty ? undefined : this.#metronome.grid.indexAt(this.clock.nowMs());
  }

  /** A frame that another connection brought: whichever copy comes first counts. */
  hearAlso(message: Pick<Msg, 'data' | 'headers'>): void {
    this.#unheardFrames += 1;
    this.#hear(message);
  }

  /** Frames that other connections brought since the link's own one brought the last. */
  get unheardFrames(): number {
    return this.#unheardFrames;
  }

  add(listener: LinkListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  addBudget(budget: BeatBudget): () => void {
    this.#budgets.add(budget);
    return () => this.#budgets.delete(budget);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#subscription?.unsubscribe();
    this.claims.close();
    for (const budget of this.#budgets) budget.abort(new Error('the link was closed'));
    this.#listeners.clear();
  }

  async #watchConnection(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (this.#isClosed) return;
      if (status.type === 'disconnect') this.#isConnected = false;
      if (status.type !== 'reconnect') continue;
      this.#isConnected = true;
      this.counters.reconnects += 1;
    }
  }

  #read(message: Pick<Msg, 'data' | 'headers'>): HeardFrame | undefined {
    const reading = readFrame(message.data, message.headers, {
      clusterId: this.clusterId,
      barLength: this.#options.barLength,
      signatures: this.#options.signatures,
    });
    if (!reading.ok) {
      this.counters.refused[reading.problem] += 1;
      this.#complain(reading.problem, 'a frame was refused');
      return undefined;
    }
    const remote = decodeFull(message.headers?.get(HEADERS.hlc) ?? '');
    if (remote !== undefined) this.hlc.updateChecked(remote);
    return reading.frame;
  }

  #replay(message: Pick<Msg, 'data' | 'headers'>): void {
    const frame = this.#read(message);
    if (frame === undefined) return;
    for (const event of this.#metronome.replay(frame)) this.#take(event, true);
  }

  #hearOwn(message: Msg): void {
    this.#unheardFrames = 0;
    this.#hear(message);
  }

  #hear(message: Pick<Msg, 'data' | 'headers'>): void {
    if (this.#isClosed) return;
    const nowMs = this.clock.nowMs();
    const frame = this.#read(message);
    if (frame === undefined) return;
    const offsetMs = this.#metronome.grid.isEmpty ? 0 : nowMs - this.#metronome.grid.timeOf(frame.index);
    const events = this.#metronome.hear(frame, nowMs);
    for (const event of events) {
      if (event.kind === 'adopted') for (const held of event.held) this.#count(held.frame, held.atMs);
    }
    if (!events.some(({ kind }) => kind === 'dropped' || kind === 'late')) {
      this.#lastFrame = { atMs: nowMs, offsetMs };
      this.#count(frame, nowMs);
    }
    for (const event of events) this.#take(event, false);
    this.#tick();
  }

  #count(frame: HeardFrame, arrivalMs: number): void {
    this.#bar = barOf(frame, this.#bar);
    this.#tell((listener) => listener.frame?.(frame, arrivalMs));
  }

  /** What one listener throws must not keep the beat from the others, or from the timer. */
  #tell(tell: (listener: LinkListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        tell(listener);
      } catch (cause) {
        this.counters.failedListeners += 1;
        this.#complain('failed_listener', 'a listener failed', { err: cause });
      }
    }
  }

  #complain(kind: string, message: string, fields: object = {}): void {
    const passed = this.#gate.pass(kind, this.clock.nowMs());
    if (passed === undefined) return;
    this.#options.log?.warn({ cluster: this.clusterId, kind, ...fields, ...passed }, message);
  }

  #tick(): void {
    for (const event of this.#metronome.tick(this.clock.nowMs())) this.#take(event, false);
    this.#cancelTimer?.();
    const wakeAtMs = this.#metronome.wakeAtMs();
    if (!this.#isClosed && wakeAtMs !== undefined) {
      this.#cancelTimer = this.clock.at(wakeAtMs, () => this.#tick());
    }
  }

  #take(event: MetronomeEvent<HeardFrame>, replayed: boolean): void {
    switch (event.kind) {
      case 'beat':
        if (event.frame !== undefined && this.#bar?.frame !== event.frame) {
          this.#bar = barOf(event.frame, this.#bar);
        }
        this.#emit(event.index, event.degraded, replayed);
        break;
      case 'late':
        this.counters.lateFrames += 1;
        this.#tell((listener) => listener.late?.(event.frame, event.lateMs));
        break;
      case 'dropped':
        this.counters.dropped[event.reason] += 1;
        // Copies are ordinary: every beat may be said twice.
        if (event.reason !== 'seen')
          this.#complain(event.reason, 'a frame was dropped', pointOf(event.frame));
        break;
      case 'adopted':
        this.counters.adopted += 1;
        this.#options.log?.warn(
          { cluster: this.clusterId, ...pointOf(event.frame) },
          'the beat is taken from another line of frames',
        );
        break;
      case 'skipped':
        this.counters.skippedBeats += event.count;
        break;
      case 'jumped':
        this.counters.jumps += 1;
        this.#options.log?.warn({ cluster: this.clusterId, byMs: event.byMs }, 'the beat jumped');
        break;
      case 'mode':
        this.#options.log?.info(
          { cluster: this.clusterId, mode: event.mode },
          'the beat is followed differently',
        );
        break;
    }
  }

  #emit(index: number, degraded: boolean, replayed: boolean): void {
    if (this.#bar === undefined) return;
    const beat = beatAt(this.#bar, index, { degraded, replayed });
    this.#current = beat;
    this.counters.beats += 1;
    if (degraded) this.counters.degradedBeats += 1;
    for (const budget of this.#budgets) budget.beat(beat);
    this.#tell((listener) => listener.beat(beat));
  }
}

function pointOf({ epoch, term, index }: HeardFrame): object {
  return { epoch, term, beat_index: index };
}
