import { connect as dial, type Socket } from 'node:net';
import { windowIdOf } from '@whoosh/backbeat-sdk';
import { backbeat } from '@whoosh/contracts';

/** Where whoever takes the claims, or the stream that stores them, says that a chunk is done. */
const CREDIT_SUBJECT = 'bench.credit';
const BAR_LENGTH = 4;
const EPOCH = 1_700_000_000_000;
/** Beats are numbered from here, so that every number has as many digits. */
const FIRST_BEAT = 1_000_000;
const AGENT_DIGITS = 5;

export interface HoseOptions {
  readonly url: string;
  readonly cluster: string;
  readonly agents: number;
  /** Claims between two credits; a divisor of `agents`. */
  readonly chunk: number;
  /** Chunks on the way at a time. */
  readonly chunksInFlight: number;
  /** The broker's stream gives the credit, by acknowledging the last message of each chunk. */
  readonly isStored: boolean;
}

interface Chunk {
  readonly bytes: Buffer;
  /** Where the digits of the beat index stand. */
  readonly beatsAt: readonly number[];
}

/**
 * Claims of a whole fleet, beat by beat, with the marker behind every bar, as fast as they are taken: protocol bytes made
 * once, in which only the beat's digits change, written to a plain socket. So the sender costs next to nothing beside
 * what is measured.
 */
export class ClaimHose implements AsyncDisposable {
  readonly #options: HoseOptions;
  readonly #socket: Socket;
  readonly #chunks: readonly (readonly Chunk[])[];
  #credits: number;
  #beat = FIRST_BEAT;
  #wake = Promise.withResolvers<void>();
  #failure: Error | undefined;

  private constructor(options: HoseOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    this.#credits = options.chunksInFlight;
    // A bar's worth of different bytes: a buffer is filled anew only when its bar is long taken.
    this.#chunks = Array.from({ length: BAR_LENGTH * 2 }, (_, beat) => chunksOf(options, beat));
  }

  static async open(options: HoseOptions): Promise<ClaimHose> {
    const { hostname, port } = new URL(options.url);
    const socket = dial({ host: hostname, port: Number(port), noDelay: true });
    const hose = new ClaimHose(options, socket);
    let rest = '';
    socket.on('data', (data) => {
      const lines = (rest + data.toString('latin1')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) hose.#hear(line);
    });
    socket.on('error', (cause) => hose.#fail(cause));
    socket.on('close', () => hose.#fail(new Error('the broker closed the connection')));
    socket.write(
      `CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":false}\r\nSUB ${CREDIT_SUBJECT} 1\r\n`,
    );
    return Promise.resolve(hose);
  }

  /** Messages of so many bars, markers included. */
  messagesOf(bars: number): number {
    return bars * (BAR_LENGTH * this.#options.agents + 1);
  }

  /** Sends whole bars; resolves when the last chunk was taken. */
  async run(bars: number): Promise<void> {
    for (let beat = 0; beat < bars * BAR_LENGTH; beat += 1) {
      for (const chunk of this.#chunks[this.#beat % (BAR_LENGTH * 2)] ?? []) {
        await this.#credit();
        fill(chunk, this.#beat);
        this.#socket.write(chunk.bytes);
      }
      this.#beat += 1;
      if (this.#beat % BAR_LENGTH === 0) this.#socket.write(this.#marker());
    }
    const { chunksInFlight } = this.#options;
    while (this.#credits < chunksInFlight) await this.#turn();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
    return Promise.resolve();
  }

  async #credit(): Promise<void> {
    while (this.#credits === 0) await this.#turn();
    this.#credits -= 1;
  }

  async #turn(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#wake.promise;
    this.#wake = Promise.withResolvers<void>();
  }

  #hear(line: string): void {
    if (line === 'PING') this.#socket.write('PONG\r\n');
    else if (line.startsWith('-ERR')) this.#fail(new Error(line));
    else if (line.startsWith(`MSG ${CREDIT_SUBJECT} `)) this.#credits += 1;
    else if (line.includes('"error"')) this.#fail(new Error(line));
    else return;
    this.#wake.resolve();
  }

  #fail(cause: Error): void {
    this.#failure ??= cause;
    this.#wake.resolve();
  }

  /** Without the length of a beat: at many times the real pace nothing can be judged to be ahead of the grid. */
  #marker(): Buffer {
    const { cluster } = this.#options;
    const from = this.#beat - BAR_LENGTH;
    const marker: backbeat.WindowClose = {
      type: 'backbeat.windowclose.v1',
      window_id: windowIdOf(cluster, EPOCH, from),
      epoch: EPOCH,
      from_beat: from,
      to_beat: this.#beat - 1,
      reason: 'frame',
      missed_beats: 0,
      missed_windows: 0,
      tempo_drift_ms: 0,
      grace_ms: 0,
    };
    return published(
      backbeat.windowCloses.subject.at({ cluster, window: marker.window_id }),
      JSON.stringify(marker),
    );
  }
}

function chunksOf({ agents, chunk, cluster, isStored }: HoseOptions, beat: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (let from = 0; from < agents; from += chunk) {
    const parts: Buffer[] = [];
    const beatsAt: number[] = [];
    let length = 0;
    for (let i = from; i < from + chunk; i += 1) {
      const agent = `agent:${String(i).padStart(AGENT_DIGITS, '0')}`;
      const body = claimText(agent, i, beat);
      const reply = isStored && i === from + chunk - 1 ? CREDIT_SUBJECT : undefined;
      const part = published(backbeat.claims.subject.at({ cluster, agent }), body, reply);
      beatsAt.push(length + part.indexOf(String(FIRST_BEAT)));
      parts.push(part);
      length += part.length;
    }
    chunks.push({ bytes: Buffer.concat(parts), beatsAt });
  }
  return chunks;
}

/** As the SDK words it: the fields in the order of the contract, a task and a promise, most of them at work. */
function claimText(agent: string, i: number, beat: number): string {
  const states = [
    'planning',
    'executing',
    'executing',
    'executing',
    'reviewing',
    'helping',
    'completed',
  ] as const;
  const state = states[(i + beat) % states.length] ?? 'idle';
  const claim: backbeat.StatusClaim = {
    type: 'backbeat.statusclaim.v1',
    agent_id: agent,
    task_id: `task:${i % 997}`,
    beat_index: FIRST_BEAT,
    beats_left: (i + beat) % 8,
    progress: state === 'completed' ? 1 : ((i * 7 + beat) % 100) / 100,
    notes: 'as the score says',
    hlc: `7ffd:${hex4(beat)}:${hex4(i)}`,
    state,
  };
  return JSON.stringify(claim);
}

const hex4 = (value: number): string => (value & 0xffff).toString(16).padStart(4, '0');

function published(subject: string, body: string, reply?: string): Buffer {
  const to = reply === undefined ? subject : `${subject} ${reply}`;
  return Buffer.from(`PUB ${to} ${Buffer.byteLength(body)}\r\n${body}\r\n`);
}

function fill({ bytes, beatsAt }: Chunk, beat: number): void {
  const digits = Buffer.from(String(beat));
  for (const at of beatsAt) bytes.set(digits, at);
}
