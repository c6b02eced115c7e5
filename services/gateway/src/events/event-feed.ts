import { DeliverPolicy, type JetStreamClient, type JetStreamManager, type JsMsg } from '@nats-io/jetstream';
import { STREAMS } from '@whoosh/contracts';
import { EventRing, type StoredFrame } from '../domain/event-ring.ts';

const STREAM = STREAMS.WHOOSH_EVENTS.name;
const EVENT_SUBJECTS = 'whoosh.v1.event.>';
const RING_FRAMES_MAX = 5_000;
const RING_CHARACTERS_MAX = 32 * 1024 * 1024;
/** A consumer that nobody reads any more is forgotten by the broker after this long. */
const INACTIVE_MS = 30_000;
const BATCH_MAX = 200;
const BATCH_WAIT_MS = 1_000;

type Listener = (frame: StoredFrame) => void;

/**
 * The events of the whole system, read once per process and handed to every reader. Readers see each event of the
 * stream once and in its order; where they come back later, the stream gives what the memory does not hold.
 */
export class EventFeed {
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  readonly #listeners = new Set<Listener>();
  #ring: EventRing | undefined;

  constructor(js: JetStreamClient, jsm: JetStreamManager) {
    this.#js = js;
    this.#jsm = jsm;
  }

  /** Whether the feed follows the stream; before the first run it knows nothing. */
  get isOpen(): boolean {
    return this.#ring !== undefined;
  }

  /** Reads the stream until the signal; for a supervised loop, which starts it again where it ended. */
  async follow(signal: AbortSignal): Promise<void> {
    const { state } = await this.#jsm.streams.info(STREAM);
    // A stream that was made anew counts from one again: what is remembered belongs to another one.
    if (this.#ring === undefined || this.#ring.newest > state.last_seq) {
      this.#ring = new EventRing({
        framesMax: RING_FRAMES_MAX,
        charactersMax: RING_CHARACTERS_MAX,
        coversFrom: state.last_seq + 1,
      });
    }
    const consumer = await this.#consumer(this.#ring.newest + 1);
    const messages = await consumer.consume({ max_messages: BATCH_MAX });
    const stop = () => void messages.close();
    signal.addEventListener('abort', stop, { once: true });
    // The signal may have come while the broker was asked; then nobody tells us any more.
    if (signal.aborted) stop();
    try {
      for await (const message of messages) this.#heard(message);
    } finally {
      signal.removeEventListener('abort', stop);
    }
    if (!signal.aborted) throw new Error('the reading of the event stream ended');
  }

  #heard(message: JsMsg): void {
    const frame = frameOf(message);
    if (frame === undefined || this.#ring?.add(frame) !== true) return;
    for (const listener of this.#listeners) listener(frame);
  }

  /**
   * Calls `listener` for every event after `sequence` (without one: from now on) until the returned function is called.
   * `replay` is awaited for each old event, so that a slow reader is not run over. Resolves when live.
   */
  async subscribe(
    listener: Listener,
    past: { after: number | undefined; replay: (frame: StoredFrame) => Promise<void>; signal: AbortSignal },
  ): Promise<() => void> {
    let after = past.after ?? this.#ring?.newest;
    while (!past.signal.aborted && after !== undefined) {
      const known = this.#ring?.after(after);
      // Nothing may come between the last look at the ring and the listener's place among the others.
      if (known === undefined) after = await this.#replayFromStream(after, past);
      else if (known.length === 0) break;
      else
        for (const frame of known) {
          await past.replay(frame);
          after = frame.id;
        }
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The lowest and highest sequence that the stream holds. */
  async bounds(): Promise<{ first: number; last: number }> {
    const { state } = await this.#jsm.streams.info(STREAM);
    return { first: state.first_seq, last: state.last_seq };
  }

  /** Reads from the stream up to what was its end when this began; returns the last sequence that is covered. */
  async #replayFromStream(
    after: number,
    past: { replay: (frame: StoredFrame) => Promise<void>; signal: AbortSignal },
  ): Promise<number> {
    const end = this.#ring?.newest ?? (await this.bounds()).last;
    const consumer = await this.#consumer(after + 1);
    let reached = after;
    while (reached < end && !past.signal.aborted) {
      const batch = await consumer.fetch({ max_messages: BATCH_MAX, expires: BATCH_WAIT_MS });
      let count = 0;
      for await (const message of batch) {
        count += 1;
        reached = message.seq;
        const frame = frameOf(message);
        if (frame) await past.replay(frame);
        if (message.info.pending === 0 || reached >= end) break;
      }
      // What lay between is not kept any more.
      if (count === 0) break;
    }
    await consumer.delete().catch(() => false);
    return past.signal.aborted ? reached : Math.max(reached, end);
  }

  async #consumer(fromSequence: number) {
    return this.#js.consumers.get(STREAM, {
      filter_subjects: EVENT_SUBJECTS,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: fromSequence,
      inactive_threshold: INACTIVE_MS,
    });
  }
}

/** The event as it was published. JSON without line ends is one line; what is no JSON is no event. */
function frameOf(message: JsMsg): StoredFrame | undefined {
  try {
    const body = message.json<{ type?: unknown }>();
    const event = typeof body.type === 'string' ? body.type : 'message';
    return { id: message.seq, event, data: JSON.stringify(body) };
  } catch {
    return undefined;
  }
}
