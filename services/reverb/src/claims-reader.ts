import { type ConsumerMessages, DeliverPolicy, type JetStreamClient, type JsMsg } from '@nats-io/jetstream';
import { STREAMS } from '@whoosh/contracts';
import { type Place } from './claim-decoder.ts';

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

export interface ReaderOptions {
  readonly js: JetStreamClient;
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
  #messages: ConsumerMessages | undefined;
  #lag = Number.POSITIVE_INFINITY;
  #isAway = false;
  #lastSequence = 0;

  private constructor(options: ReaderOptions) {
    this.#options = options;
    // Nobody may be waiting for it when it comes.
    this.#failed.promise.catch(() => undefined);
  }

  static async open(options: ReaderOptions): Promise<ClaimsReader> {
    const reader = new ClaimsReader(options);
    const { js, clusterId, afterSequence } = options;
    const consumer = await js.consumers.get(STREAM, {
      // One filter: with several, the server looks for the next message among all subjects, 8 ms each at 10,000 agents.
      filter_subjects: `backbeat.${clusterId}.>`,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: afterSequence + 1,
      inactive_threshold: INACTIVE_THRESHOLD_MS,
    });
    const { num_pending: pending } = await consumer.info();
    reader.#lag = pending;
    reader.#messages = await consumer.consume({
      max_messages: BUFFERED_MESSAGES_MAX,
      expires: PULL_EXPIRES_MS,
      idle_heartbeat: IDLE_HEARTBEAT_MS,
      callback: (message) => reader.#take(message),
    });
    void reader.#watch(reader.#messages);
    return reader;
  }

  /** Rejects when a message could not be taken. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Messages of the stream that were not read yet. */
  get lag(): number {
    return this.#lag;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** All that was stored has been read, as far as is known. */
  get isCaughtUp(): boolean {
    return this.#lag === 0;
  }

  /** The stream has no leader, or does not answer. */
  get isAway(): boolean {
    return this.#isAway;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#messages?.close();
  }

  #take(message: JsMsg): void {
    try {
      const place = placeOf((message as Acknowledgeable).reply);
      this.#isAway = false;
      this.#lag = place.pending;
      this.#lastSequence = place.sequence;
      this.#options.onMessage(message.subject, message, place);
    } catch (cause) {
      this.#failed.reject(new Error('a message of the claims stream could not be taken', { cause }));
      this.#messages?.stop();
    }
  }

  async #watch(messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) {
      if (AWAY.has(type)) this.#isAway = true;
      if (type === 'heartbeat') this.#isAway = false;
    }
  }
}

/**
 * Place and rest of the stream from the subject that an acknowledgement would go to; read by hand, because it
 * is done for every claim: `$JS.ACK.….<stream sequence>.<consumer sequence>.<time>.<pending>`.
 */
export function placeOf(reply: string): Place & { readonly pending: number } {
  const parts = reply.split('.');
  // The long form has domain and account before, and a random token behind.
  const at = parts.length > 9 ? 7 : 5;
  return {
    sequence: Number(parts[at]),
    storedAtMs: Number((parts[at + 2] ?? '').slice(0, -6)),
    pending: Number(parts[at + 3]),
  };
}
