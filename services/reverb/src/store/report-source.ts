import { DeliverPolicy, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { backbeat, STREAMS } from '@whoosh/contracts';

const STREAM = STREAMS.BACKBEAT_REPORTS.name;
const READ_TIMEOUT_MS = 5_000;
/** The reader of a call that broke off is forgotten by the server. */
const INACTIVE_THRESHOLD_MS = 10_000;

/** A message of the report stream as far as it is read. */
export interface SourceMessage {
  readonly sequence: number;
  readonly storedAt: Date;
  readonly data: Uint8Array;
  header(name: string): string | undefined;
}

/** The stored reports of one cluster, by their places in a stream that holds those of others too. */
export interface ReportSource {
  bounds(): Promise<{ readonly first: number; readonly last: number }>;
  get(windowId: string): Promise<SourceMessage | undefined>;
  /** Those from one place to before another, in order. */
  read(from: number, before: number): AsyncIterable<SourceMessage>;
}

export class StreamSource implements ReportSource {
  readonly #jsm: JetStreamManager;
  readonly #clusterId: string;

  constructor(jsm: JetStreamManager, clusterId: string) {
    this.#jsm = jsm;
    this.#clusterId = clusterId;
  }

  async bounds(): Promise<{ first: number; last: number }> {
    const { state } = await this.#jsm.streams.info(STREAM);
    return { first: state.first_seq, last: state.last_seq };
  }

  async get(windowId: string): Promise<SourceMessage | undefined> {
    const message = await this.#jsm.streams.getMessage(STREAM, { last_by_subj: this.#subject(windowId) });
    return message === null ? undefined : sourceOf(message);
  }

  async *read(from: number, before: number): AsyncGenerator<SourceMessage> {
    const consumer = await this.#jsm.jetstream().consumers.get(STREAM, {
      filter_subjects: this.#subject('*'),
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(1, from),
      inactive_threshold: INACTIVE_THRESHOLD_MS,
    });
    const { num_pending: pending } = await consumer.info();
    // Behind the last one of this cluster nothing comes: the others' are no sign of the end.
    const messages =
      pending === 0 ? [] : await consumer.fetch({ max_messages: pending, expires: READ_TIMEOUT_MS });
    for await (const message of messages) {
      if (message.seq >= before) break;
      yield {
        sequence: message.seq,
        storedAt: new Date(Date.parse(message.timestamp)),
        data: message.data,
        header: (name) => message.headers?.get(name),
      };
      if (message.info.pending === 0) break;
    }
    await consumer.delete();
  }

  #subject(window: string): string {
    return backbeat.storedReports.subject.at({ cluster: this.#clusterId, window: 'x' }).replace(/x$/, window);
  }
}

function sourceOf(message: StoredMsg): SourceMessage {
  return {
    sequence: message.seq,
    storedAt: message.time,
    data: message.data,
    header: (name) => message.header.get(name),
  };
}
