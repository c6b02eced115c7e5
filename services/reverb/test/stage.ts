import { type ConsumerMessages, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type MsgHdrs, type NatsConnection } from '@nats-io/nats-core';
import { type Fleet, listenToBeats, startFleetLink } from '@whoosh/backbeat-sdk';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';
import { type Bus, connectBus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog, startNats, type TestNats, until } from '@whoosh/testkit';
import { bare, recompute, type SignatureRules, type StoredMessage } from '@whoosh/testkit/recomputation';
import { placeOf } from '../src/place-of.ts';
import { Reverb, type ReverbOptions } from '../src/reverb.ts';

export const CLUSTER = 'c';

/** A replica of reverb in this process, with connections of its own. */
export interface Replica extends AsyncDisposable {
  readonly reverb: Reverb;
  readonly bus: Bus;
  /** The series of one metric, as a scrape shows them. */
  metric(name: string): Promise<string>;
}

/** A broker, a pulse, a fleet, and everything that ever lay in the claims stream. */
export class Stage implements AsyncDisposable {
  readonly nats: TestNats;
  readonly bus: Bus;
  readonly pulse: TestPulse;
  /** The claims stream from its beginning, purged parts included. */
  readonly raw: StoredMessage[] = [];
  /** What was republished to core subscribers. */
  readonly heard: backbeat.BarReport[] = [];
  readonly #resources = new AsyncDisposableStack();
  #collector: ConsumerMessages | undefined;
  #collected = 0;

  private constructor(nats: TestNats, bus: Bus, tempoBpm: number) {
    this.nats = nats;
    this.bus = bus;
    this.pulse = new TestPulse({ connection: bus.connection, clusterId: CLUSTER, tempoBpm });
  }

  static async open({ tempoBpm = 600 } = {}): Promise<Stage> {
    const nats = await startNats();
    const bus = await openBus(nats.url, 'stage');
    await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS', 'BACKBEAT_REPORTS']);
    const stage = new Stage(nats, bus, tempoBpm);
    stage.#resources.use(nats);
    stage.#resources.use(bus);
    stage.#resources.use(stage.pulse);
    await stage.#collect();
    return stage;
  }

  async reverb(options: Partial<ReverbOptions> = {}): Promise<Replica> {
    const bus = await openBus(this.nats.url, 'reverb');
    const beats = await openBus(this.nats.url, 'reverb');
    const listener = await listenToBeats({ clusterId: CLUSTER, bus: beats });
    const registry = newRegistry('reverb');
    const reverb = await Reverb.start({
      bus,
      listener,
      clusterId: CLUSTER,
      node: 'r',
      barLength: 4,
      log: quietLog(),
      registry,
      ...options,
    });
    return {
      reverb,
      bus,
      metric: (name) => registry.getSingleMetricAsString(name),
      async [Symbol.asyncDispose]() {
        await reverb[Symbol.asyncDispose]();
        await listener.close();
        await beats[Symbol.asyncDispose]();
        await bus[Symbol.asyncDispose]();
      },
    };
  }

  async fleet(): Promise<Fleet> {
    const fleet = await startFleetLink({ clusterId: CLUSTER, natsUrl: this.nats.url });
    this.#resources.use(fleet);
    return fleet;
  }

  /** The reports that the stream holds, in its order. */
  async stored(): Promise<backbeat.BarReport[]> {
    const jsm = await jetstreamManager(this.bus.connection);
    const { state } = await jsm.streams.info('BACKBEAT_REPORTS');
    const reports: backbeat.BarReport[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
      const message = await jsm.streams.getMessage('BACKBEAT_REPORTS', { seq });
      if (message !== null) reports.push(backbeat.BarReport.parse(message.json()));
    }
    return reports;
  }

  /** Waits until every marker of the stream has its report, then compares with the recomputation. */
  async reportsEqualRecomputation(
    rules?: SignatureRules,
  ): Promise<{ stored: unknown[]; recomputed: unknown[] }> {
    const { state } = await this.bus.jsm.streams.info('BACKBEAT_CLAIMS');
    await until(() => this.#collected >= state.last_seq, {
      describe: 'the whole claims stream',
      timeoutMs: 60_000,
    });
    const recomputed = recompute(this.raw, rules);
    const count = recomputed.length;
    await until(async () => (await this.stored()).length >= count, {
      describe: 'a report for every marker',
      timeoutMs: 60_000,
    });
    return { stored: (await this.stored()).slice(0, count).map(bare), recomputed };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#collector?.close();
    await this.#resources.disposeAsync();
  }

  async #collect(): Promise<void> {
    const consumer = await jetstream(this.bus.connection).consumers.get('BACKBEAT_CLAIMS', {
      deliver_policy: DeliverPolicy.All,
    });
    this.#collector = await consumer.consume({
      expires: 10_000,
      idle_heartbeat: 500,
      callback: (message) => {
        const { sequence, storedAtMs } = placeOf((message as typeof message & { reply: string }).reply);
        this.#collected = sequence;
        if (message.subject.endsWith('.checkpoint')) return;
        const { subject, headers } = message;
        const key = headers?.get('Backbeat-Key') ?? '';
        const signature = headers?.get('Backbeat-Signature') ?? '';
        this.raw.push({
          sequence,
          storedAtMs,
          subject,
          text: message.string(),
          ...(key !== '' && { key }),
          ...(signature !== '' && { signature }),
        });
      },
    });
    this.bus.connection.subscribe(backbeat.reports.subject.at({ cluster: CLUSTER }), {
      // A callback that throws would end the connection.
      callback: (_error, message) => {
        const { data: report } = backbeat.BarReport.safeParse(message.json());
        if (report !== undefined) this.heard.push(report);
      },
    });
    await this.bus.flush();
  }
}

export async function openBus(servers: string, service: string): Promise<Bus> {
  return connectBus({ servers, service, profile: 'beat', log: quietLog(), registry: newRegistry(service) });
}

/** Stores a raw message in the claims stream, as somebody who keeps to no contract would. */
export async function putRaw(
  connection: NatsConnection,
  subject: string,
  body: unknown,
  headers?: MsgHdrs,
): Promise<number> {
  const ack = await jetstream(connection).publish(
    subject,
    typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    headers && { headers },
  );
  return ack.seq;
}
