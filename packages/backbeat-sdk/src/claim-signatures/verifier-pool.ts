import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { batchOf, type ToVerify, type Trust } from './verify-batch.ts';

/** One thread verifies some ten thousand signatures a second; more than these would take the cores from the beat. */
export const THREADS_MAX = 4;
/** Batches that a thread has at a time: one to work on, one that is there when it is done. */
const BATCHES_PER_THREAD_MAX = 2;
/** Beside this file, in its language: an installed package has JavaScript only. */
const WORKER = new URL(`./verify-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
const HEAP = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 } as const;

interface Thread {
  readonly worker: Worker;
  readonly asked: Map<number, PromiseWithResolvers<Uint8Array>>;
}

/** Threads that verify signatures, so that the one that reads claims and has to be on time does not have to. */
export class VerifierPool implements AsyncDisposable {
  readonly #trust: Trust;
  readonly #size: number;
  readonly #threads = new Set<Thread>();
  #lastId = 0;
  #isClosed = false;

  constructor(trust: Trust, size = Math.max(1, Math.min(THREADS_MAX, availableParallelism() - 1))) {
    this.#trust = trust;
    this.#size = size;
  }

  /** Threads that run; they are started when they are first needed, and again when one has died. */
  get threads(): number {
    return this.#threads.size;
  }

  get batchesInFlight(): number {
    let count = 0;
    for (const { asked } of this.#threads) count += asked.size;
    return count;
  }

  /** False while every thread has all it may have. */
  get hasRoom(): boolean {
    return this.batchesInFlight < this.#size * BATCHES_PER_THREAD_MAX;
  }

  /** One byte per question, 1 for a genuine signature. Rejects when the thread dies; nothing is lost by asking again. */
  verify(questions: readonly ToVerify[]): Promise<Uint8Array> {
    if (this.#isClosed) return Promise.reject(new Error('the verifiers are closed'));
    const thread = this.#idlest();
    const id = (this.#lastId += 1);
    const answer = Promise.withResolvers<Uint8Array>();
    thread.asked.set(id, answer);
    const batch = batchOf(questions);
    thread.worker.postMessage({ id, batch }, [
      batch.payloads.buffer,
      batch.ends.buffer,
      batch.signatures.buffer,
      batch.keyIndices.buffer,
    ]);
    return answer.promise;
  }

  /** Ends the threads; what they were asked rejects, and the next question starts new ones. */
  async killThreads(): Promise<void> {
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.killThreads();
  }

  #idlest(): Thread {
    const [first] = [...this.#threads].toSorted((a, b) => a.asked.size - b.asked.size);
    return first === undefined || (first.asked.size > 0 && this.#threads.size < this.#size)
      ? this.#start()
      : first;
  }

  #start(): Thread {
    const worker = new Worker(WORKER, {
      workerData: this.#trust,
      resourceLimits: HEAP,
      argv: [],
    });
    const thread: Thread = { worker, asked: new Map() };
    this.#threads.add(thread);
    worker.on('message', ({ id, verdicts }: { id: number; verdicts: Uint8Array }) => {
      thread.asked.get(id)?.resolve(verdicts);
      thread.asked.delete(id);
    });
    const end = (cause: unknown): void => {
      this.#threads.delete(thread);
      for (const { reject } of thread.asked.values())
        reject(new Error('a verifying thread has ended', { cause }));
      thread.asked.clear();
    };
    worker.on('error', end);
    worker.on('exit', (code) => end(new Error(`it ended with code ${code}`)));
    return thread;
  }
}
