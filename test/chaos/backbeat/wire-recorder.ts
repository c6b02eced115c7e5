import { jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { backbeat, STREAMS } from '@whoosh/contracts';
import { connectEach } from '@whoosh/testkit';
import { type HeardReport, type StoredReport } from './report-rules.ts';
import { type Excuse, type HeardFrame } from './wire-rules.ts';

const LOOK_EVERY_MS = 10;
/** A turn of the event loop that took longer than this makes what was heard then worthless for timing. */
const STALL_MS = 30;
const STALL_MARGIN_MS = 100;

/** A bare subscriber on every server: everything that is said about beats and reports, when, and by which server. */
export class WireRecorder implements AsyncDisposable {
  readonly frames: HeardFrame[] = [];
  readonly reports: HeardReport[] = [];
  /** Moments at which this process itself stood still. */
  readonly stalls: Excuse[] = [];
  readonly #connections: readonly NatsConnection[];
  readonly #cluster: string;
  readonly #timer: NodeJS.Timeout;
  #lastLookMs = performance.now();

  private constructor(connections: readonly NatsConnection[], cluster: string) {
    this.#connections = connections;
    this.#cluster = cluster;
    for (const [broker, connection] of connections.entries()) {
      connection.subscribe(backbeat.beats.subject.at({ cluster }), {
        callback: (failure, message) => {
          if (failure !== null) return;
          const messageId = message.headers?.get('Nats-Msg-Id') ?? '';
          this.frames.push({ broker, arrivedAtMs: performance.now(), text: message.string(), messageId });
        },
      });
      connection.subscribe(backbeat.reports.subject.at({ cluster }), {
        callback: (failure, message) => {
          if (failure === null) this.reports.push({ listener: broker, text: message.string() });
        },
      });
    }
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  static async open(urls: readonly string[], cluster: string): Promise<WireRecorder> {
    const connections = await connectEach(urls);
    const recorder = new WireRecorder(connections, cluster);
    await Promise.all(connections.map((connection) => connection.flush()));
    return recorder;
  }

  #look(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastLookMs > LOOK_EVERY_MS + STALL_MS) {
      this.stalls.push({ fromMs: this.#lastLookMs, toMs: nowMs + STALL_MARGIN_MS });
    }
    this.#lastLookMs = nowMs;
  }

  /** Says the newest beat again with another clock, as a second leader would: what the judge must find, if it hears everything. */
  forge(): void {
    const newest = this.frames.at(-1);
    if (newest === undefined) return;
    const text = newest.text.replace(/"hlc":"[^"]*"/, '"hlc":"0000:0000:dead"');
    const head = headers();
    head.set('Nats-Msg-Id', newest.messageId);
    const subject = backbeat.beats.subject.at({ cluster: this.#cluster });
    this.#connections.find((each) => !each.isClosed())?.publish(subject, text, { headers: head });
  }

  /** What the stream of reports holds, in its order. */
  async storedReports(): Promise<readonly StoredReport[]> {
    const connection = this.#connections.find((each) => !each.isClosed()) as NatsConnection;
    const jsm = await jetstreamManager(connection);
    const name = STREAMS.BACKBEAT_REPORTS.name;
    const { state } = await jsm.streams.info(name);
    const stored: StoredReport[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
      const message = await jsm.streams.getMessage(name, { seq });
      if (message !== null && message.subject.startsWith(`backbeat.${this.#cluster}.`)) {
        stored.push({ subject: message.subject, text: message.string() });
      }
    }
    return stored;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}
