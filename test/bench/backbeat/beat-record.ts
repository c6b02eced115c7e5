import { type NatsConnection } from '@nats-io/transport-node';
import { backbeat } from '@whoosh/contracts';
import { connectEach } from '@whoosh/testkit';
import { monotonicMs } from './monotonic-ms.ts';

export interface RecordedFrame {
  readonly epoch: number;
  readonly term: number;
  readonly index: number;
  readonly node: string;
  /** Grid time of the beat, Unix milliseconds. */
  readonly at: number;
  readonly text: string;
  readonly arrivedAtMs: number;
}

/** Every byte that is said on the beat’s subject, as a bare subscriber of each server hears it. */
export class BeatRecord implements AsyncDisposable {
  /** The first arrival of each frame, in order of arrival. */
  readonly frames: RecordedFrame[] = [];
  /** Indices that were said with different bytes. */
  readonly rivals = new Set<string>();
  readonly connections: readonly NatsConnection[];
  /** Frames said although a leader of a later term had spoken. */
  overtaken = 0;
  readonly #texts = new Map<string, Set<string>>();
  #last: RecordedFrame | undefined;
  #lastOf = new Map<string, RecordedFrame>();
  #term = 0;

  private constructor(connections: readonly NatsConnection[], cluster: string) {
    this.connections = connections;
    for (const connection of connections) {
      connection.subscribe(backbeat.beats.subject.at({ cluster }), {
        callback: (failure, message) => {
          if (failure === null) this.#hear(message.string());
        },
      });
    }
  }

  static async open(urls: readonly string[], cluster: string): Promise<BeatRecord> {
    const connections = await connectEach(urls);
    const record = new BeatRecord(connections, cluster);
    await Promise.all(connections.map(async (connection) => connection.flush()));
    return record;
  }

  #hear(text: string): void {
    const arrivedAtMs = monotonicMs();
    const { beat_index: index, metadata } = JSON.parse(text) as {
      beat_index: number;
      metadata: { epoch: number; term: number; node: string; at: number };
    };
    const { epoch, term, node, at } = metadata;
    const key = `${epoch}:${index}`;
    const texts = this.#texts.get(key) ?? new Set<string>();
    this.#texts.set(key, texts);
    if (texts.has(text)) return;
    texts.add(text);
    if (texts.size > 1) this.rivals.add(key);
    const frame = { epoch, term, index, node, at, text, arrivedAtMs };
    this.frames.push(frame);
    if (term < this.#term) this.overtaken += 1;
    this.#term = Math.max(this.#term, term);
    if (term === this.#term) this.#last = frame;
    this.#lastOf.set(node, frame);
  }

  /** The newest frame of the newest leader. */
  get last(): RecordedFrame | undefined {
    return this.#last;
  }

  lastOf(node: string): RecordedFrame | undefined {
    return this.#lastOf.get(node);
  }

  /** How many of the indices between the first and the last nobody said. */
  get lost(): number {
    const indices = this.frames.map(({ index }) => index);
    if (indices.length === 0) return 0;
    return Math.max(...indices) - Math.min(...indices) + 1 - new Set(indices).size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.connections.map(async (connection) => connection.close()));
  }
}
