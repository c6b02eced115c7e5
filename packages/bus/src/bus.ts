import { setTimeout as wait } from 'node:timers/promises';
import { jetstream, type JetStreamClient, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { type CallContract, type ConsumerDecl, type StreamName } from '@whoosh/contracts';
import { assert } from '@whoosh/stdx';
import { Answerer, type CallHandler } from './answerer.ts';
import { type CallOptions, makeCall } from './caller.ts';
import { type BusOptions, openConnection, serverList } from './connect.ts';
import { discover, type DiscoveryOptions, serveDiscovery, type ServiceStats } from './discovery.ts';
import { type ConsumeOptions, type DeliveryHandler, DurableConsumer } from './durable-consumer.ts';
import { BROKER_CHECK } from './first-connection.ts';
import { BusMetrics } from './metrics.ts';
import { headersOf } from './nats-headers.ts';
import { store, type Stored, type StoreOptions } from './store.ts';
import { ReplicaRaiser } from './stream-replicas.ts';
import { type Ensurer, ensureStreams } from './streams.ts';

/** Longer than any handler may take; after that the connection is closed over its head. */
const DRAIN_TIMEOUT_MS = 5_000;
const FLUSH_RETRY_MS = 50;

/** Opens the one connection of a process (or one of several): waits for the broker, then never gives it up. */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const connection = await openConnection(options);
  // No check: asking for JetStream must not fail a process that needs only core NATS.
  const jsm = await jetstreamManager(connection, { checkAPI: false });
  const bus = new Bus(connection, jsm, options);
  options.readiness?.check(BROKER_CHECK, () => bus.isConnected() || 'the broker is away');
  return bus;
}

export class Bus implements AsyncDisposable {
  /** For BACKBEAT's own packages, which need more of NATS than calls and events. */
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly service: string;
  readonly #options: BusOptions;
  readonly #metrics: BusMetrics;
  readonly #answerer: Answerer;
  readonly #consumers = new Set<DurableConsumer>();
  readonly #discovery: Subscription[] = [];
  readonly #closing = new AbortController();
  readonly #ensurer: Ensurer;
  readonly #raiser: ReplicaRaiser;
  #connected = true;

  constructor(connection: NatsConnection, jsm: JetStreamManager, options: BusOptions) {
    const { service, log, registry } = options;
    this.connection = connection;
    this.js = jetstream(connection);
    this.jsm = jsm;
    this.service = service;
    this.#options = options;
    this.#metrics = BusMetrics.of(registry);
    const serversConfigured = serverList(options.servers).length;
    this.#ensurer = { connection, jsm, log, serversConfigured, signal: this.#closing.signal };
    this.#raiser = new ReplicaRaiser(this.#ensurer);
    this.#answerer = new Answerer({ connection, service, log, metrics: this.#metrics });
    this.#metrics.connected.inc();
    void this.#watch();
  }

  /** Whether the broker can be reached at this moment, as far as the pings tell. */
  isConnected(): boolean {
    return this.#connected && !this.connection.isClosed() && !this.connection.isDraining();
  }

  /** Asks and waits for the answer. Throws a CallError, never anything else that a caller could not act on. */
  async call<Request, Reply>(
    contract: CallContract<Request, Reply>,
    request: NoInfer<Request>,
    options: CallOptions = {},
  ): Promise<Reply> {
    return await this.callAt(fixedSubject(contract), contract, request, options);
  }

  /** The same for a call with a token in its subject: `contract.subject.at({ cluster })`. */
  async callAt<Request, Reply>(
    subject: string,
    contract: CallContract<Request, Reply>,
    request: NoInfer<Request>,
    options: CallOptions = {},
  ): Promise<Reply> {
    return await makeCall(
      { connection: this.connection, metrics: this.#metrics },
      subject,
      contract,
      request,
      options,
    );
  }

  /** Answers a call until the bus closes. Not active before `flush()`. */
  serve<Request, Reply>(
    contract: CallContract<Request, Reply>,
    handler: CallHandler<NoInfer<Request>, NoInfer<Reply>>,
  ): void {
    this.serveAt(fixedSubject(contract), contract, handler);
  }

  /** The same for a call with a token in its subject: `contract.subject.at({ cluster })`. */
  serveAt<Request, Reply>(
    subject: string,
    contract: CallContract<Request, Reply>,
    handler: CallHandler<NoInfer<Request>, NoInfer<Reply>>,
  ): void {
    this.#answerer.serve(subject, contract, handler);
  }

  /** Says something that nobody needs to hear: lost while the broker is away. */
  publish(subject: string, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    const payload = body instanceof Uint8Array ? body : JSON.stringify(body);
    this.connection.publish(subject, payload, { headers: headersOf(headers) });
  }

  /** Says something that a stream keeps, and waits for the stream's word. Throws StoreRefused or CallError `unavailable`. */
  async store(subject: string, body: unknown, options: StoreOptions = {}): Promise<Stored> {
    return await store({ js: this.js, metrics: this.#metrics }, subject, body, options);
  }

  /** Reads a stream with a durable consumer until the bus closes or the result is disposed. */
  async consume(
    declared: ConsumerDecl,
    handler: DeliveryHandler,
    options: ConsumeOptions,
  ): Promise<AsyncDisposable> {
    const consumer = await DurableConsumer.start(declared, handler, {
      ...options,
      js: this.js,
      jsm: this.jsm,
      log: this.#options.log,
      metrics: this.#metrics,
      ensureStream: () => this.ensureStreams([declared.stream]),
      store: (subject, body, storeOptions) => this.store(subject, body, storeOptions),
    });
    this.#consumers.add(consumer);
    return {
      [Symbol.asyncDispose]: async () => {
        this.#consumers.delete(consumer);
        await consumer[Symbol.asyncDispose]();
      },
    };
  }

  /**
   * Makes the streams or brings them to what is declared; waits for JetStream, several processes may do it at once. Replicas that the
   * cluster has no servers for yet come later, by themselves.
   */
  async ensureStreams(names: readonly StreamName[]): Promise<void> {
    await ensureStreams(this.#ensurer, names);
    this.#raiser.add(names);
  }

  /** Makes this process known to `$SRV` (NATS ADR-32), with its health. */
  serveDiscovery(options: DiscoveryOptions): void {
    const { connection, service } = this;
    const { instance, log } = this.#options;
    const identity = { connection, service, log, ...(instance !== undefined && { instance }) };
    this.#discovery.push(...serveDiscovery(identity, this.#answerer.endpoints, options));
  }

  /** Every process on the bus and how it is, after waiting for so long. */
  async discover(timeoutMs: number): Promise<ServiceStats[]> {
    return await discover(this.connection, timeoutMs);
  }

  /** Resolves once the broker knows every subscription; until then a call finds nobody. */
  async flush(): Promise<void> {
    for (;;) {
      try {
        await this.connection.flush();
        return;
      } catch (cause) {
        // A connection lost meanwhile makes its subscriptions known again by itself.
        if (this.connection.isClosed()) throw cause;
        await wait(FLUSH_RETRY_MS);
      }
    }
  }

  /** Takes no new work, finishes what is in flight, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const subscription of this.#discovery) subscription.unsubscribe();
    await Promise.all([...this.#consumers].map((consumer) => consumer[Symbol.asyncDispose]()));
    // Draining speaks with the broker; one that is away must not hold the end of the process back.
    if (this.isConnected()) {
      await within(DRAIN_TIMEOUT_MS, this.#answerer.stop());
      await within(DRAIN_TIMEOUT_MS, this.connection.drain());
    }
    await this.connection.close();
  }

  async #watch(): Promise<void> {
    const { log } = this.#options;
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect' && this.#connected) {
        this.#connected = false;
        this.#metrics.connected.dec();
        log.warn({ server: status.server }, 'the broker is away');
      } else if (status.type === 'reconnect' && !this.#connected) {
        this.#connected = true;
        this.#metrics.connected.inc();
        this.#metrics.reconnects.inc();
        log.info({ server: status.server }, 'the broker is back');
        for (const consumer of this.#consumers) consumer.refresh();
        this.#raiser.serversChanged();
      } else if (status.type === 'update') {
        this.#raiser.serversChanged();
      } else if (status.type === 'error') {
        log.error({ err: status.error }, 'the broker refused something');
      }
    }
    if (this.#connected) this.#metrics.connected.dec();
    this.#connected = false;
  }
}

function fixedSubject(contract: CallContract): string {
  const { pattern, wildcard } = contract.subject;
  assert(pattern === wildcard, `${contract.name} has a token in its subject: say where`);
  return pattern;
}

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
