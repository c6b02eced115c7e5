import { type NatsConnection } from '@nats-io/transport-node';
import { backbeat } from '@whoosh/contracts';
import { connectEach, until } from '@whoosh/testkit';
import * as z from 'zod';

/** What our own pulses promise beyond the contract: the metadata is complete. */
const OwnFrame = backbeat.BeatFrame.and(
  z.object({
    metadata: z.object({
      pulse_version: z.string(),
      cluster_health: z.enum(['healthy', 'degraded']),
      epoch: z.int(),
      at: z.number(),
      term: z.int(),
      node: z.string(),
      bar_length: z.int(),
      missed_beats: z.int(),
    }),
  }),
);
export type OwnFrame = z.infer<typeof OwnFrame>;

export interface WireRecord {
  readonly frame: OwnFrame;
  readonly text: string;
  readonly messageId: string;
  readonly arrivedAtMs: number;
}

/** Everything that is said on the beat's subject, as a bare subscriber hears it. */
export class WireRecorder implements AsyncDisposable {
  readonly records: WireRecord[] = [];
  readonly invalid: string[] = [];
  readonly #connections: readonly NatsConnection[];

  private constructor(connections: readonly NatsConnection[], cluster: string) {
    this.#connections = connections;
    for (const connection of connections) {
      connection.subscribe(backbeat.beats.subject.at({ cluster }), {
        callback: (failure, message) => {
          if (failure === null) this.#hear(message.string(), message.headers?.get('Nats-Msg-Id') ?? '');
        },
      });
    }
  }

  static async open(urls: readonly string[], cluster: string): Promise<WireRecorder> {
    const connections = await connectEach(urls);
    const recorder = new WireRecorder(connections, cluster);
    await Promise.all(connections.map((connection) => connection.flush()));
    return recorder;
  }

  #hear(text: string, messageId: string): void {
    const parsed = OwnFrame.safeParse(JSON.parse(text));
    if (!parsed.success) this.invalid.push(text);
    else this.records.push({ frame: parsed.data, text, messageId, arrivedAtMs: performance.now() });
  }

  /** The first frame of each index in order of index, as every listener counts them. */
  get frames(): readonly OwnFrame[] {
    const firsts = new Map<number, OwnFrame>();
    for (const { frame } of this.records) {
      if (!firsts.has(frame.beat_index)) firsts.set(frame.beat_index, frame);
    }
    return [...firsts.values()].toSorted((left, right) => left.beat_index - right.beat_index);
  }

  get last(): OwnFrame | undefined {
    return this.frames.at(-1);
  }

  /** Indices of which different frames were seen. */
  get forked(): readonly number[] {
    const texts = new Map<number, Set<string>>();
    for (const { frame, text } of this.records) {
      const known = texts.get(frame.beat_index) ?? new Set<string>();
      texts.set(frame.beat_index, known.add(text));
    }
    return [...texts].filter(([, known]) => known.size > 1).map(([index]) => index);
  }

  /** Indices between the first and the last that nobody heard. */
  get missing(): readonly number[] {
    const { frames } = this;
    const [first, last] = [frames[0]?.beat_index ?? 0, frames.at(-1)?.beat_index ?? -1];
    const heard = new Set(frames.map((frame) => frame.beat_index));
    return Array.from({ length: last - first + 1 }, (_, at) => first + at).filter(
      (index) => !heard.has(index),
    );
  }

  /** Who sent what, for the message of a failed test. */
  get summary(): string {
    const words = this.frames.map(
      ({ beat_index, metadata: { node, term, missed_beats } }) =>
        `${beat_index}:${node}:${term}:${missed_beats}`,
    );
    return words.join(' ');
  }

  /** What the frames themselves name as missed, from the second one on: what came before the first nobody could hear. */
  get named(): number {
    return this.frames.slice(1).reduce((sum, { metadata }) => sum + metadata.missed_beats, 0);
  }

  async beats(count: number, timeoutMs = 60_000): Promise<readonly OwnFrame[]> {
    const from = this.frames.length;
    await until(() => this.frames.length >= from + count, {
      timeoutMs,
      describe: () => `${count} more beats after ${from}, got ${this.frames.length - from}`,
    });
    return this.frames.slice(from);
  }

  async reach(index: number, timeoutMs = 60_000): Promise<void> {
    await until(() => (this.last?.beat_index ?? -1) >= index, { timeoutMs, describe: `beat ${index}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}

/** The largest distance in milliseconds of a frame from the grid of the first one, at one tempo. */
export function gridErrorMs(frames: readonly OwnFrame[]): number {
  const [first] = frames;
  if (first === undefined) return Number.NaN;
  const errors = frames.map(
    ({ beat_index, metadata }) =>
      metadata.at - first.metadata.at - ((beat_index - first.beat_index) * 60_000) / first.tempo_bpm,
  );
  return Math.max(...errors.map(Math.abs));
}
