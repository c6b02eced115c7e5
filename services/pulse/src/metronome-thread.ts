import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  type MetronomeReply,
  type MetronomeRequest,
  type MetronomeSettings,
  type Notice,
  type Order,
} from './metronome/messages.ts';
import { startProblem } from './start-problem.ts';

/** Young objects live shortly here: small spaces keep the pauses of the collector below the length of a wake-up. */
const HEAP = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8 } as const;
const ASK_TIMEOUT_MS = 3_000;
const STOP_TIMEOUT_MS = 3_000;

/** The main thread's side of the metronome. */
export class MetronomeThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #asked = new Map<number, (reply: MetronomeReply) => void>();
  readonly #onNotice: (notice: Notice) => void;
  #lastId = 0;
  #isStopping = false;

  private constructor(settings: MetronomeSettings, onNotice: (notice: Notice) => void) {
    this.#onNotice = onNotice;
    this.#worker = new Worker(new URL('./metronome/worker.ts', import.meta.url), {
      workerData: settings,
      resourceLimits: HEAP,
      // Its own copy of the flags would be read as the service's.
      argv: [],
    });
    this.#worker.on('message', (notice: Notice) => this.#hear(notice));
  }

  /**
   * Resolves when Raft runs. `onFailure` is told when the thread ends without having been asked to; the process cannot
   * be of use then.
   */
  static async start(
    settings: MetronomeSettings,
    onNotice: (notice: Notice) => void,
    onFailure: (failure: Error) => void,
  ): Promise<MetronomeThread> {
    const { promise: started, resolve, reject } = Promise.withResolvers<void>();
    const thread = new MetronomeThread(settings, (notice) => {
      if (notice.type === 'started') resolve();
      onNotice(notice);
    });
    let isStarted = false;
    const fail = (failure: Error): void => {
      if (thread.#isStopping) return;
      if (isStarted) onFailure(failure);
      else reject(failure);
    };
    thread.#worker.on('error', (cause) =>
      fail(startProblem(cause, settings) ?? new Error('the metronome has failed', { cause })),
    );
    thread.#worker.on('exit', (code) => fail(new Error(`the metronome has ended with code ${code}`)));
    await started;
    isStarted = true;
    return thread;
  }

  /** Never rejects: a metronome that does not answer in time is reported as unavailable. */
  async ask(request: MetronomeRequest): Promise<MetronomeReply> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<MetronomeReply>();
    const timer = setTimeout(
      () => resolve({ kind: 'unavailable', reason: 'the metronome does not answer' }),
      ASK_TIMEOUT_MS,
    );
    this.#asked.set(id, resolve);
    this.#order({ type: 'ask', id, request });
    const reply = await promise;
    clearTimeout(timer);
    this.#asked.delete(id);
    return reply;
  }

  #order(order: Order): void {
    this.#worker.postMessage(order);
  }

  #hear(notice: Notice): void {
    if (notice.type === 'answer') this.#asked.get(notice.id)?.(notice.reply);
    else this.#onNotice(notice);
  }

  /** Lets it send what it has reserved and hand leadership over. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const exited = once(this.#worker, 'exit');
    this.#order({ type: 'stop' });
    const timer = setTimeout(() => void this.#worker.terminate(), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }
}
