import { setTimeout as wait } from 'node:timers/promises';
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { type ConsumerDecl, retrySubject } from '@whoosh/contracts';
import { backoffMs } from '@whoosh/stdx';
import { inSpan, type Log, withRemoteTrace } from '@whoosh/telemetry';
import { isAway } from './away.ts';
import { bury } from './dead-letters.ts';
import { decodeDelivery, type Delivered } from './delivery.ts';
import { type BusMetrics } from './metrics.ts';
import { recordOf } from './nats-headers.ts';
import { OncePer } from './once-per.ts';
import { type Stored, type StoreOptions } from './store.ts';

/** Where attempts are counted so that a restart forgets none: see the outbox package. */
export interface AttemptLedger {
  /** Counts one more failed attempt and tells how many there are now. */
  failed(consumer: string, key: string): Promise<number>;
  /** Forgets the attempts of a message that is done with. */
  cleared(consumer: string, key: string): Promise<void>;
}

export type DeliveryHandler = (message: Delivered) => Promise<void>;

export interface ConsumeOptions {
  readonly ledger: AttemptLedger;
  /**
   * How many messages this process handles at once, 1 when left out. With 1 the order of the stream holds, also over
   * retries and replicas; with more it does not hold at all.
   */
  readonly concurrency?: number;
  /** Waits between attempts of a message at fault. */
  readonly retry?: { readonly baseMs: number; readonly maxMs: number };
  /** Waits between probes while a dependency is away. */
  readonly probe?: { readonly baseMs: number; readonly maxMs: number };
}

/** After so many failed attempts a message is dead. */
export const ATTEMPTS_MAX = 8;
const RETRY = { baseMs: 250, maxMs: 10_000 };
const PROBE = { baseMs: 250, maxMs: 10_000 };
const REOPEN = { baseMs: 50, maxMs: 2_000 };
/** A process that died holds its message this long; one that works says so in time. */
const ACK_WAIT_MS = 5_000;
const WORKING_EVERY_MS = 1_000;
const PULL_EXPIRES_MS = 5_000;
/** Replicas of a service that can work side by side when order does not matter. */
const REPLICAS_EXPECTED_MAX = 4;
/** The first failures of a restart are expected. */
const QUIET_FAILURES = 5;
const LOG_INTERVAL_MS = 1_000;
const CODES_CONSUMER_EXISTS = new Set([10013, 10148]);

export interface DurableConsumerOptions extends ConsumeOptions {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly log: Log;
  readonly metrics: BusMetrics;
  readonly ensureStream: () => Promise<void>;
  readonly store: (subject: string, body: unknown, options: StoreOptions) => Promise<Stored>;
}

/**
 * Reads a stream for one purpose, at least once per message: handled, then acknowledged. See the README for
 * what happens to a message that breaks its schema, fails, or meets a dependency that is away.
 */
export class DurableConsumer implements AsyncDisposable {
  readonly #declared: ConsumerDecl;
  readonly #handler: DeliveryHandler;
  readonly #options: DurableConsumerOptions;
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #lines = new OncePer(LOG_INTERVAL_MS);
  #messages: ConsumerMessages | undefined;
  #probes = 0;
  #ended: Promise<void> = Promise.resolve();

  private constructor(declared: ConsumerDecl, handler: DeliveryHandler, options: DurableConsumerOptions) {
    this.#declared = declared;
    this.#handler = handler;
    this.#options = options;
  }

  /** Resolves once the consumer exists on the server and messages flow. */
  static async start(
    declared: ConsumerDecl,
    handler: DeliveryHandler,
    options: DurableConsumerOptions,
  ): Promise<DurableConsumer> {
    const consumer = new DurableConsumer(declared, handler, options);
    await consumer.#open();
    consumer.#ended = consumer.#run();
    return consumer;
  }

  /** Pulls anew: what was asked of a server that went away is not answered any more. */
  refresh(): void {
    this.#messages?.stop();
  }

  /** Takes no further message and waits for those being handled. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#messages?.stop();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        for await (const message of this.#messages ?? []) {
          // What was fetched and will not be handled here goes to somebody else at once.
          if (this.#stop.signal.aborted) message.nak();
          else await this.#take(message);
        }
      } catch (cause) {
        log.warn({ err: cause, consumer: this.#declared.name }, 'consumer lost');
      }
      await this.#reopen();
    }
    await Promise.all(this.#inFlight);
  }

  async #reopen(): Promise<void> {
    const { signal } = this.#stop;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await wait(backoffMs(REOPEN, attempt, Math.random()), undefined, { signal });
        await this.#open();
        if (signal.aborted) this.#messages?.stop();
        return;
      } catch (cause) {
        if (signal.aborted) return;
        if (attempt % QUIET_FAILURES === 0) {
          this.#options.log.warn({ err: cause, consumer: this.#declared.name }, 'consumer cannot be opened');
        }
      }
    }
  }

  async #open(): Promise<void> {
    const { js, jsm, ensureStream, concurrency = 1 } = this.#options;
    const { stream, name } = this.#declared;
    await ensureStream();
    await ensureConsumer(jsm, stream, consumerConfig(this.#declared, concurrency));
    const consumer = await js.consumers.get(stream, name);
    this.#messages = await consumer.consume({
      // No more than can be handled now: what waits here would wait without being worked on.
      max_messages: concurrency,
      threshold_messages: Math.max(1, Math.floor(concurrency / 2)),
      expires: PULL_EXPIRES_MS,
      abort_on_missing_resource: true,
    });
  }

  async #take(message: JsMsg): Promise<void> {
    const { concurrency = 1 } = this.#options;
    const handling = this.#handle(message).finally(() => this.#inFlight.delete(handling));
    this.#inFlight.add(handling);
    if (this.#inFlight.size >= concurrency) await Promise.race(this.#inFlight);
  }

  /** Ends in an acknowledgement, a negative one, or - when even that fails - in a later delivery. Never throws. */
  async #handle(message: JsMsg): Promise<void> {
    const { log, metrics } = this.#options;
    const consumer = this.#declared.name;
    const startedAt = performance.now();
    // The broker believes in us as long as we say that we are still at it.
    const working = setInterval(() => message.working(), WORKING_EVERY_MS);
    let outcome = 'failed';
    try {
      outcome = await this.#outcomeOf(message);
    } catch (cause) {
      // Not the message: counting, burying or telling failed. It comes again.
      outcome = 'away';
      log.warn({ err: cause, consumer }, 'delivery could not be concluded');
      this.#retryLater(message);
    } finally {
      clearInterval(working);
      metrics.consumed.inc({ consumer, outcome });
      metrics.consumeSeconds.observe({ consumer }, (performance.now() - startedAt) / 1_000);
      metrics.consumerPending.set({ consumer }, message.info.pending);
      metrics.consumerPaused.set({ consumer }, outcome === 'away' ? 1 : 0);
    }
  }

  async #outcomeOf(message: JsMsg): Promise<'handled' | 'broken' | 'away' | 'failed' | 'dead'> {
    const { ledger } = this.#options;
    const { name } = this.#declared;
    const decoded = decodeDelivery(message);
    const key = keyOf(message);
    if (!decoded.ok) {
      await this.#bury(message, message.subject, decoded.reason, 0);
      return 'broken';
    }
    const { delivered } = decoded;
    try {
      await withRemoteTrace(delivered.headers['traceparent'], () =>
        inSpan(`consume ${name}`, { kind: 'consumer', attributes: { subject: delivered.subject } }, () =>
          this.#handler(delivered),
        ),
      );
    } catch (cause) {
      return await this.#failed(message, delivered, cause);
    }
    this.#probes = 0;
    // A message that came for the first time cannot have failed before.
    if (delivered.attempts > 1) await ledger.cleared(name, key);
    message.ack();
    return 'handled';
  }

  async #failed(message: JsMsg, delivered: Delivered, cause: unknown): Promise<'away' | 'failed' | 'dead'> {
    const { ledger, log, retry = RETRY } = this.#options;
    const { name: consumer } = this.#declared;
    const { subject } = delivered;
    if (isAway(cause)) {
      if (this.#lines.allows('away', performance.now())) {
        log.warn({ err: cause, consumer, subject }, 'a dependency is away, the consumer waits');
      }
      this.#retryLater(message);
      return 'away';
    }
    this.#probes = 0;
    const attempts = await ledger.failed(consumer, keyOf(message));
    if (attempts >= ATTEMPTS_MAX) {
      await this.#bury(message, subject, reasonOf(cause), attempts);
      await ledger.cleared(consumer, keyOf(message));
      log.error({ err: cause, consumer, subject, attempts }, 'message given up, it is a dead letter now');
      return 'dead';
    }
    const waitMs = backoffMs(retry, attempts, Math.random());
    log.warn(
      { err: cause, consumer, subject, attempts, wait_ms: waitMs },
      'message failed, will be tried again',
    );
    message.nak(waitMs);
    return 'failed';
  }

  #retryLater(message: JsMsg): void {
    const { probe = PROBE } = this.#options;
    this.#probes += 1;
    message.nak(backoffMs(probe, this.#probes, Math.random()));
  }

  async #bury(message: JsMsg, subject: string, reason: string, attempts: number): Promise<void> {
    const { log, store } = this.#options;
    const { name: consumer, stream } = this.#declared;
    if (attempts === 0 && this.#lines.allows('broken', performance.now())) {
      log.error({ consumer, subject, reason }, 'message breaks its schema, it is a dead letter now');
    }
    await bury(store, {
      consumer,
      subject,
      headers: recordOf(message.headers),
      body: message.data,
      reason,
      attempts,
      key: keyOf(message),
      from: { stream, sequence: message.info.streamSequence },
    });
    message.ack();
  }
}

/** Names a message over its deliveries: by the id it was stored with, else by its place in the stream. */
function keyOf({ headers, info }: JsMsg): string {
  return headers?.get('Nats-Msg-Id') || `${info.stream}:${info.streamSequence}`;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}

function consumerConfig(
  { name, filters, description }: ConsumerDecl,
  concurrency: number,
): Partial<ConsumerConfig> {
  return {
    durable_name: name,
    description,
    filter_subjects: [...filters, retrySubject(name)],
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    // Unlimited: the broker cannot tell a message at fault from a dependency that is away, we can.
    max_deliver: -1,
    // With one, the message that comes next waits for the one before, wherever that is being handled.
    max_ack_pending: concurrency === 1 ? 1 : concurrency * REPLICAS_EXPECTED_MAX,
  };
}

async function ensureConsumer(
  jsm: JetStreamManager,
  stream: string,
  config: Partial<ConsumerConfig>,
): Promise<void> {
  try {
    await jsm.consumers.add(stream, config);
  } catch (cause) {
    if (!(cause instanceof JetStreamApiError) || !CODES_CONSUMER_EXISTS.has(cause.code)) throw cause;
    const { durable_name: name = '', deliver_policy: _policy, ack_policy: _ack, ...changes } = config;
    await jsm.consumers.update(stream, name, changes);
  }
}
