import { headers, type NatsConnection } from '@nats-io/nats-core';
import { backbeat, HEADERS } from '@whoosh/contracts';
import { encodeFull, encodeWire, Hlc } from 'hlc-ts';
import { beatMsOf, phaseAt, windowIdOf } from '../domain/score.ts';
import { addSignature, type Signer } from '../signature.ts';

const encoder = new TextEncoder();

export interface TestPulseOptions {
  readonly connection: NatsConnection;
  readonly clusterId: string;
  readonly tempoBpm?: number;
  readonly barLength?: number;
  readonly epoch?: number;
  readonly term?: number;
  readonly firstIndex?: number;
  /** Signs its frames. */
  readonly signer?: Signer;
}

/**
 * A pulse for tests: no election, but real frames on the real subjects, one per call of `beat()` or on
 * its own grid between `start()` and `stop()`.
 */
export class TestPulse {
  readonly clusterId: string;
  readonly epoch: number;
  term: number;
  tempoBpm: number;
  barLength: number;
  /** Index of the next frame. */
  index: number;
  readonly #connection: NatsConnection;
  readonly #signer: Signer | undefined;
  readonly #hlc = new Hlc({ physicalMs: () => Date.now(), node: 1 });
  readonly #missing = new Set<number>();
  #barFrom: number;
  #atMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TestPulseOptions) {
    this.#connection = options.connection;
    this.#signer = options.signer;
    this.clusterId = options.clusterId;
    this.tempoBpm = options.tempoBpm ?? 600;
    this.barLength = options.barLength ?? 4;
    this.epoch = options.epoch ?? Date.now();
    this.term = options.term ?? 1;
    this.index = options.firstIndex ?? 0;
    this.#barFrom = this.index - (this.index % this.barLength);
    this.#atMs = Date.now();
  }

  /** The frames of these indices are not sent. */
  leaveOut(...indices: number[]): void {
    for (const index of indices) this.#missing.add(index);
  }

  /** The next frame, without sending it. */
  frame(): backbeat.BeatFrame {
    if (this.index >= this.#barFrom + this.barLength) this.#barFrom = this.index;
    const position = this.index - this.#barFrom;
    const { phase, endsAt } = phaseAt(position, this.barLength);
    return {
      type: 'backbeat.beatframe.v1',
      cluster_id: this.clusterId,
      beat_index: this.index,
      downbeat: position === 0,
      phase,
      hlc: encodeWire(this.#hlc.now()),
      deadline_at: new Date(this.#atMs + (endsAt - position) * beatMsOf(this.tempoBpm)).toISOString(),
      tempo_bpm: this.tempoBpm,
      window_id: windowIdOf(this.clusterId, this.epoch, this.#barFrom),
      metadata: { epoch: this.epoch, term: this.term, at: this.#atMs, bar_length: this.barLength },
    };
  }

  /** Sends the next frame now. */
  beat(): backbeat.BeatFrame {
    const frame = this.frame();
    const head = headers();
    head.set(HEADERS.hlc, encodeFull(this.#hlc.now()));
    head.set('Nats-Msg-Id', `${this.clusterId}:${this.epoch}:${this.index}`);
    if (!this.#missing.has(this.index)) {
      const subject = backbeat.beats.subject.at({ cluster: this.clusterId });
      const payload = encoder.encode(JSON.stringify(frame));
      addSignature(this.#signer, payload, head);
      this.#connection.publish(subject, payload, { headers: head });
    }
    this.index += 1;
    this.#atMs += beatMsOf(this.tempoBpm);
    return frame;
  }

  /** Beats on its own grid, from now on. */
  start(): void {
    this.#atMs = Date.now();
    this.#next();
  }

  /** Goes on with the grid after `stop()`, leaving out the beats that fell in between. */
  resume(): void {
    const missed = Math.max(0, Math.ceil((Date.now() - this.#atMs) / beatMsOf(this.tempoBpm)));
    for (let i = 0; i < missed; i += 1) {
      this.#missing.add(this.index);
      this.beat();
    }
    this.#next();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #next(): void {
    this.#timer = setTimeout(
      () => {
        this.beat();
        this.#next();
      },
      Math.max(0, this.#atMs - Date.now()),
    );
  }
}
