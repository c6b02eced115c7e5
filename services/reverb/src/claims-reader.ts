import { type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import { type Bus } from '@whoosh/bus';
import { STREAMS } from '@whoosh/contracts';
import { type Place } from './claim-decoder.ts';
import { Reading } from './domain/reading.ts';
import { placeOf } from './place-of.ts';

const STREAM = STREAMS.BACKBEAT_CLAIMS.name;
const BUFFERED_MESSAGES_MAX = 5_000;
const PULL_EXPIRES_MS = 10_000;
/** Two missed ones mean that the stream is away. */
const IDLE_HEARTBEAT_MS = 500;
/** The server forgets the reader of a dead process. */
const INACTIVE_THRESHOLD_MS = 30_000;

/** What the client says when the stream does not answer. */
const AWAY: ReadonlySet<string> = new Set(['heartbeats_missed', 'stream_not_found', 'no_responders']);

/** The client does not show where an acknowledgement would go, though every message carries it. */
type Acknowledgeable = JsMsg & { readonly reply: string };
/** Nor that listening to its connection can be ended. */
type Statuses = ReturnType<Bus['connection']['status']> & { stop(): void };

export interface ReaderOptions {
  readonly bus: Pick<Bus, 'js' | 'connection'>;
  readonly clusterId: string;
  /** Reading begins behind this sequence. */
  readonly afterSequence: number;
  /** Called for every message in the order of the stream; what it throws ends the reader. */
  readonly onMessage: (subject: string, message: JsMsg, place: Place) => void;
}

/**
 * Reads all that a cluster's claims stream holds, in order, and then what comes. Every replica has a reader
 * of its own: a shared one would split the windows.
 */
export class ClaimsReader implements AsyncDisposable {
  readonly #options: ReaderOptions;
  readonly #failed = Promise.withResolvers<never>();
  readonly #statuses: Statuses;
  #messages: ConsumerMessages | undefined;
  readonly #reading = new Reading();
  #isAway = false;
  #isClosing = false;

  private constructor(options: ReaderOptions) {
    this.#options = options;
    this.#statuses = options.bus.connection.status() as Statuses;
    // Nobody may be waiting for it when it comes.
    this.#failed.promise.catch(() => undefined);
  }

  static async open(options: ReaderOptions): Promise<ClaimsReader> {
    const reader = new ClaimsReader(options);
    const { bus, clusterId, afterSequence } = options;
    const consumer = await bus.js.consumers.get(STREAM, {
      // One filter: with several, the server looks for the next message among all subjects, 8 ms each at 10,000 agents.
      filter_subjects: `backbeat.${clusterId}.>`,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: afterSequence + 1,
      inactive_threshold: INACTIVE_THRESHOLD_MS,
    });
    const { num_pending: pending } = await consumer.info();
    reader.#reading.begin(pending);
    reader.#messages = await consumer.consume({
      max_messages: BUFFERED_MESSAGES_MAX,
      expires: PULL_EXPIRES_MS,
      idle_heartbeat: IDLE_HEARTBEAT_MS,
      callback: (message) => reader.#take(message),
    });
    void reader.#watch(reader.#messages);
    void reader.#watchConnection();
    void reader.#guard(reader.#messages);
    return reader;
  }

  /** Rejects when a message could not be taken, or nothing will be read any more. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** How far the stream is read. */
  get reading(): Pick<Reading, 'taken' | 'known' | 'lag' | 'isCaughtUp'> {
    return this.#reading;
  }

  /** The stream has no leader, or does not answer. */
  get isAway(): boolean {
    return this.#isAway;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    this.#statuses.stop();
    await this.#messages?.close();
  }

  #take(message: JsMsg): void {
    try {
      const place = placeOf((message as Acknowledgeable).reply);
      this.#isAway = false;
      this.#options.onMessage(message.subject, message, place);
      // Only now: what is taken is in the book.
      this.#reading.take(place.consumerSequence, place.pending);
    } catch (cause) {
      this.#failed.reject(new Error('a message of the claims stream could not be taken', { cause }));
      this.#messages?.stop();
    }
  }

  /** The client gives a consumer up that it could not make again: without it this would be a reader that never reads. */
  async #guard(messages: ConsumerMessages): Promise<void> {
    const cause = await messages.closed();
    this.#isAway = true;
    if (!this.#isClosing)
      this.#failed.reject(
        new Error('the reader of the claims stream has ended', cause === undefined ? undefined : { cause }),
      );
  }

  async #watch(messages: ConsumerMessages): Promise<void> {
    for await (const status of messages.status()) {
      if (AWAY.has(status.type)) this.#isAway = true;
      if (status.type !== 'heartbeat') continue;
      this.#isAway = false;
      if (this.#reading.idle(status.lastConsumerSequence) === 'lost')
        this.#failed.reject(new Error('messages of the claims stream were lost on their way'));
    }
  }

  async #watchConnection(): Promise<void> {
    for await (const { type } of this.#statuses) if (type === 'disconnect') this.#reading.interrupt();
  }
}
