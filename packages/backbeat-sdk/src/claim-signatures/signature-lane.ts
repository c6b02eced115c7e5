import { type LinkLog } from '../beat-link.ts';
import { type SignatureQuestion } from './signature-rule.ts';
import { BATCH_SIGNATURES_MAX, type ToVerify, type Trust, Verifier } from './verify-batch.ts';
import { type VerifierPool } from './verifier-pool.ts';

/** Messages that wait, each for its own verdict or for that of one before it. From here on the reader verifies too. */
export const WAITING_MAX = 4_096;
/** At this many the reader does nothing else until the first of them is decided. */
export const WAITING_LIMIT = 8_192;
/** The same for what their payloads take. */
export const WAITING_BYTES_MAX = 16 * 1024 * 1024;

interface Waiting<T> {
  readonly item: T;
  readonly bytes: number;
  /** Undefined when nothing is asked. */
  readonly question: ToVerify | undefined;
  verdict: boolean | undefined;
}

export interface SignatureLaneOptions<T> {
  readonly pool: VerifierPool;
  readonly trust: Trust;
  readonly log: Pick<LinkLog, 'warn'>;
  /** Called for every item in the order in which they were put. What it throws goes to `onFailure`. */
  readonly deliver: (item: T, isGenuine: boolean) => void;
  readonly onFailure: (cause: unknown) => void;
}

/**
 * Keeps the order of the stream while signatures are verified elsewhere: an item is delivered when it and all before it
 * are decided. What waits is bounded: a reader that is faster than the threads has to verify itself, which
 * slows it down to what can be verified.
 */
export class SignatureLane<T> {
  readonly #options: SignatureLaneOptions<T>;
  readonly #verifier: Verifier;
  /** From `#head` on: an array and an index, because shifting thousands costs. */
  #waiting: Waiting<T>[] = [];
  #head = 0;
  /** First place that was not handed to a thread yet. */
  #next = 0;
  #bytes = 0;
  #flushing: NodeJS.Immediate | undefined;
  #settled: { readonly through: number; readonly resolve: () => void }[] = [];
  #put = 0;
  #delivered = 0;
  #isClosed = false;

  constructor(options: SignatureLaneOptions<T>) {
    this.#options = options;
    this.#verifier = new Verifier(options.trust);
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  /** Whether one of this size can wait without that it is verified here. A reader that may leave out some asks before. */
  hasRoomFor(bytes: number): boolean {
    return this.waiting < WAITING_MAX && this.#bytes + bytes <= WAITING_BYTES_MAX;
  }

  put(item: T, payload: Uint8Array, question: SignatureQuestion | undefined): void {
    if (this.#isClosed) return;
    this.#put += 1;
    if (question === undefined && this.waiting === 0) {
      this.#delivered += 1;
      this.#options.deliver(item, true);
      return;
    }
    const asked = question && { ...question, payload };
    const verdict = question === undefined ? true : undefined;
    this.#waiting.push({ item, bytes: payload.byteLength, question: asked, verdict });
    this.#bytes += payload.byteLength;
    if (this.waiting > WAITING_LIMIT || this.#bytes > WAITING_BYTES_MAX) this.#decideFirst();
    else if (this.waiting > WAITING_MAX) this.#decideNext();
    // A read from the socket brings many; they go together.
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  /** Resolves when all that was put until now is delivered. */
  settled(): Promise<void> {
    if (this.#delivered === this.#put || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#settled.push({ through: this.#put, resolve }));
  }

  close(): void {
    this.#isClosed = true;
    clearImmediate(this.#flushing);
    this.#waiting = [];
    this.#head = 0;
    for (const { resolve } of this.#settled.splice(0)) resolve();
  }

  #flush(): void {
    this.#flushing = undefined;
    const { pool } = this.#options;
    while (pool.hasRoom) {
      const batch = this.#takeBatch();
      if (batch.length === 0) return;
      void this.#verify(batch);
    }
  }

  #takeBatch(): Waiting<T>[] {
    const batch: Waiting<T>[] = [];
    for (; this.#next < this.#waiting.length && batch.length < BATCH_SIGNATURES_MAX; this.#next += 1) {
      const waiting = this.#waiting[this.#next];
      if (waiting?.question !== undefined && waiting.verdict === undefined) batch.push(waiting);
    }
    return batch;
  }

  async #verify(batch: readonly Waiting<T>[]): Promise<void> {
    try {
      const questions = batch.flatMap(({ question }) => (question === undefined ? [] : [question]));
      const verdicts = await this.#options.pool.verify(questions);
      for (const [i, waiting] of batch.entries()) waiting.verdict = verdicts[i] === 1;
    } catch (cause) {
      if (this.#isClosed) return;
      this.#options.log.warn({ err: cause, signatures: batch.length }, 'signatures are verified here');
      for (const waiting of batch) this.#decide(waiting);
    }
    if (this.#isClosed) return;
    this.#deliver();
    this.#flush();
  }

  #decide(waiting: Waiting<T> | undefined): void {
    if (waiting?.question !== undefined) waiting.verdict ??= this.#verifier.isGenuine(waiting.question);
  }

  /** Verifies what no thread has yet. */
  #decideNext(): void {
    while (this.#next < this.#waiting.length) {
      const waiting = this.#waiting[this.#next];
      this.#next += 1;
      if (waiting?.verdict !== undefined) continue;
      this.#decide(waiting);
      return;
    }
  }

  #decideFirst(): void {
    this.#decide(this.#waiting[this.#head]);
    this.#deliver();
  }

  #deliver(): void {
    try {
      for (; this.#head < this.#waiting.length; this.#head += 1) {
        const first = this.#waiting[this.#head];
        if (first?.verdict === undefined) break;
        this.#bytes -= first.bytes;
        this.#delivered += 1;
        this.#options.deliver(first.item, first.verdict);
      }
    } catch (cause) {
      this.close();
      this.#options.onFailure(cause);
      return;
    }
    if (this.#head > WAITING_MAX || this.#head === this.#waiting.length) this.#compact();
    while ((this.#settled[0]?.through ?? Number.POSITIVE_INFINITY) <= this.#delivered)
      this.#settled.shift()?.resolve();
  }

  #compact(): void {
    this.#waiting = this.#waiting.slice(this.#head);
    this.#next = Math.max(0, this.#next - this.#head);
    this.#head = 0;
  }
}
