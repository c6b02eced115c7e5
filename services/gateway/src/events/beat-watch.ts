import type * as z from 'zod';
import { type BeatLink } from '@whoosh/backbeat-sdk';
import { type Bus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { TempoMeter } from '../domain/tempo-meter.ts';
import { OperationBoard } from '../domain/operation-board.ts';
import { type BackbeatStatus } from '../routes/backbeat.ts';

/** What is read here off the bus, by name; frames are the link's to read. */
export type MessageKind = 'report' | 'claim';

export interface BeatWatchOptions {
  readonly connection: Bus['connection'];
  readonly cluster: string;
  /** Under which WHOOSH itself claims. */
  readonly agentId: string;
  /** Whose word for the beat is taken; undefined while BACKBEAT is off. */
  readonly link: BeatLink | undefined;
  /** `why` names fields and never their content. */
  readonly onInvalid: (kind: MessageKind, why: string) => void;
}

/** The part of the status that is heard and not asked for. */
type Heard = Omit<BackbeatStatus, 'pulse' | 'reverb' | 'slo'>;

type Listener = (event: 'beat' | 'report', body: object) => void;

/** A beat older than this many beat lengths is no sign of life any more. */
const SILENT_BEATS = 3;
const REASONS_MAX = 5;
const FIELD_CHARACTERS_MAX = 80;

/**
 * Keeps the newest beat of one cluster, and hears its BarReports and WHOOSH's own StatusClaims. A frame is told only when an
 * agent would act on it: copies, deposed leaders, late and forged frames end at the link.
 */
export class BeatWatch implements Disposable {
  readonly #options: BeatWatchOptions;
  readonly #subscriptions: { unsubscribe(): void }[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #meter = new TempoMeter();
  readonly #operations = new OperationBoard();
  #frame: backbeat.BeatFrame | undefined;
  #heardAtMs = 0;

  constructor(options: BeatWatchOptions) {
    this.#options = options;
    const { cluster, agentId, link } = options;
    if (link === undefined) return;
    const leave = link.add({
      beat: () => undefined,
      frame: ({ body }, arrivalMs) => this.#beat(body, arrivalMs),
    });
    this.#subscriptions.push({ unsubscribe: leave });
    this.#hear('report', backbeat.reports.subject.at({ cluster }), backbeat.BarReport, (report) =>
      this.#tell('report', report),
    );
    const claims = backbeat.claims.subject.at({ cluster, agent: agentId });
    this.#hear('claim', claims, backbeat.StatusClaim, (claim) => this.#operations.claimed(claim));
  }

  /** Until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get frame(): backbeat.BeatFrame | undefined {
    return this.#frame;
  }

  /** Whether beats arrive, at the tempo that the last one named. */
  get isHeard(): boolean {
    if (this.#frame === undefined) return false;
    const silentMs = (this.#options.link?.clock.nowMs() ?? 0) - this.#heardAtMs;
    return silentMs < (SILENT_BEATS * 60_000) / this.#frame.tempo_bpm;
  }

  status(): Heard {
    const frame = this.#frame;
    return {
      enabled: this.#options.link !== undefined,
      connected: this.isHeard,
      cluster_id: this.#options.cluster,
      beat_index: frame?.beat_index ?? null,
      window_id: frame?.window_id ?? null,
      target_bpm: frame?.tempo_bpm ?? null,
      measured_bpm: rounded(this.#meter.measuredBpm),
      tempo_drift_ms: rounded(this.#meter.driftMs),
      reconnections: this.#options.link?.counters.reconnects ?? 0,
      active_operations: this.#operations.active(),
      leader: frame?.metadata?.node ?? null,
      phase: frame?.phase ?? null,
      downbeat: frame?.downbeat ?? null,
      bar_length: frame?.metadata?.bar_length ?? null,
      degraded: !this.isHeard || frame?.metadata?.cluster_health === 'degraded',
    };
  }

  #beat(frame: backbeat.BeatFrame, atMs: number): void {
    const isNewEpoch = this.#frame?.metadata?.epoch !== frame.metadata?.epoch;
    if (isNewEpoch) this.#meter.reset();
    this.#meter.heard({ index: frame.beat_index, tempoBpm: frame.tempo_bpm, atMs });
    this.#frame = frame;
    this.#heardAtMs = atMs;
    if (frame.downbeat) this.#operations.downbeat(frame.beat_index);
    this.#tell('beat', frame);
  }

  #tell(event: 'beat' | 'report', body: object): void {
    for (const listener of this.#listeners) listener(event, body);
  }

  #hear<Body>(
    kind: MessageKind,
    subject: string,
    schema: z.ZodType<Body>,
    heard: (body: Body) => void,
  ): void {
    const callback = (failure: Error | null, message: { json(): unknown }) => {
      if (failure) return;
      const json = parsed(message);
      if (json === undefined) {
        this.#options.onInvalid(kind, 'not JSON');
        return;
      }
      const read = schema.safeParse(json);
      if (read.success) heard(read.data);
      else this.#options.onInvalid(kind, reasonOf(read.error));
    };
    this.#subscriptions.push(this.#options.connection.subscribe(subject, { callback }));
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#listeners.clear();
  }
}

function parsed(message: { json(): unknown }): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}

/** Which fields break which rule; the values may be anything that anybody could publish. */
function reasonOf({ issues }: z.ZodError): string {
  return issues
    .slice(0, REASONS_MAX)
    .map(({ path, code }) => `${path.join('.').slice(0, FIELD_CHARACTERS_MAX) || 'body'}: ${code}`)
    .join('; ');
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 1_000) / 1_000;
}
