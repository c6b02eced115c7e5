/** One program that is kept running until it is told to stop. */
import { setTimeout as delay } from 'node:timers/promises';
import { OwnedProcess } from '../owned-process.ts';
import { type ProcessIdentity } from '../process-identity.ts';
import { withProgress, type Say } from '../progress.ts';
import { type BoundedLog } from './bounded-log.ts';
import { nextRestart, restartPolicy, type RestartPolicy } from './restart-policy.ts';

const readyPollMs = 100;
const readyTimeoutMsDefault = 90_000;
const logLinesShown = 12;

export interface ProcessSpec {
  readonly name: string;
  /** A TypeScript or JavaScript file is run by this Node, anything else by itself. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly stopSignal?: NodeJS.Signals;
  /** True when it can work, else what is still missing. Asked again until true. */
  readonly ready?: (pid: number) => Promise<true | string>;
  readonly readyTimeoutMs?: number;
  /** It starts agents that outlive it; once it has stopped, they are ended too. */
  readonly startsAgents?: boolean;
}

export type ProcessState = 'starting' | 'running' | 'waiting' | 'failed' | 'stopped';

export class SupervisedProcess {
  readonly spec: ProcessSpec;
  readonly log: BoundedLog;
  restarts = 0;
  state: ProcessState = 'starting';
  readonly #say: Say;
  readonly #policy: RestartPolicy;
  readonly #changed: () => Promise<void>;
  readonly #recovered: () => void;
  readonly #stopping = new AbortController();
  #process: OwnedProcess | undefined;
  #kept: Promise<void> | undefined;
  #wasReady = false;
  #missing = 'not started';

  constructor(
    spec: ProcessSpec,
    log: BoundedLog,
    options: { say: Say; changed: () => Promise<void>; recovered: () => void; policy?: RestartPolicy },
  ) {
    this.spec = spec;
    this.log = log;
    this.#say = options.say;
    this.#changed = options.changed;
    this.#recovered = options.recovered;
    this.#policy = options.policy ?? restartPolicy;
  }

  get identity(): (ProcessIdentity & { readonly signal: NodeJS.Signals }) | undefined {
    const running = this.#process;
    if (running === undefined || running.isOver) return undefined;
    return { ...running.identity, signal: this.spec.stopSignal ?? 'SIGTERM' };
  }

  /** Resolves when the process is ready; rejects with its last words when it never gets there. */
  async start(): Promise<void> {
    const { name, readyTimeoutMs = readyTimeoutMsDefault } = this.spec;
    this.#process = await this.#spawn();
    this.#kept = this.#keep(this.#process).catch((cause: unknown) => {
      this.state = 'failed';
      this.#say(
        `  ! ${name} cannot be started again: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
    });
    const deadlineMs = performance.now() + readyTimeoutMs;
    await withProgress(`waiting for ${name}`, () => this.#untilReady(deadlineMs), {
      say: this.#say,
      detail: () => this.#missing,
    });
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const polite = (await this.#process?.stop({ graceMs })) ?? true;
    await this.#kept;
    this.state = 'stopped';
    this.log.close();
    if (!polite) this.#say(`  ! ${this.spec.name} did not end within ${graceMs / 1_000} s and was killed`);
  }

  kill(): void {
    this.#process?.signal('SIGKILL');
  }

  async #spawn(): Promise<OwnedProcess> {
    const { file, args = [], env, cwd, uid, gid, stopSignal } = this.spec;
    const script = /\.[mc]?[jt]s$/.test(file);
    const started = await OwnedProcess.start({
      file: script ? process.execPath : file,
      args: script ? [file, ...args] : args,
      onOutput: (chunk) => this.log.write(chunk),
      ...(env === undefined ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined || gid === undefined ? {} : { uid, gid }),
      ...(stopSignal === undefined ? {} : { stopSignal }),
    });
    this.state = 'starting';
    this.#process = started;
    await this.#changed();
    return started;
  }

  async #keep(first: OwnedProcess): Promise<void> {
    const { name } = this.spec;
    let [current, attempt, startedMs] = [first, 0, performance.now()];
    for (;;) {
      const { code, signal } = await current.exited;
      if (this.#stopping.signal.aborted) return;
      const how = `${name} ended by itself (${signal ?? `code ${code}`})`;
      const ranMs = performance.now() - startedMs;
      const restart = nextRestart(this.#policy, { attempt, ranMs, wasReady: this.#wasReady });
      if (!restart.again) {
        this.state = 'failed';
        this.#say(
          `  ! ${how}, ${attempt + 1} times in a row: given up. Its last words:\n${this.log.tail(logLinesShown)}`,
        );
        return;
      }
      attempt = restart.attempt;
      this.restarts += 1;
      this.state = 'waiting';
      const last = this.log.tail(restart.attempt === 1 ? logLinesShown : 1);
      this.#say(`  ! ${how}; starting it again in ${restart.delayMs} ms (${this.log.path})\n${last}`);
      await delay(restart.delayMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted) return;
      current = await this.#spawn();
      // Told to stop while it was being started: this one is not known to `stop` yet.
      if (this.#stopping.signal.aborted) await current.stop();
      startedMs = performance.now();
      void this.#untilReady(startedMs + readyTimeoutMsDefault).then(this.#recovered, () => {});
    }
  }

  async #untilReady(deadlineMs: number): Promise<void> {
    const { name, ready } = this.spec;
    for (;;) {
      if (this.#stopping.signal.aborted) throw new Error(`${name} was stopped before it was ready`);
      if (this.state === 'failed') {
        throw new Error(`${name} does not stay up:\n${this.log.tail(logLinesShown)}`);
      }
      const answer = this.identity === undefined ? 'not running' : await this.#ask(ready);
      if (answer === true) {
        this.state = 'running';
        this.#wasReady = true;
        return;
      }
      this.#missing = answer;
      if (performance.now() > deadlineMs) {
        throw new Error(
          `${name} did not become ready (${answer}). Its last words:\n${this.log.tail(logLinesShown)}`,
        );
      }
      await delay(readyPollMs);
    }
  }

  async #ask(ready: ProcessSpec['ready']): Promise<true | string> {
    const pid = this.identity?.pid;
    if (pid === undefined) return 'not running';
    if (ready === undefined) return true;
    return await ready(pid).catch((cause: unknown) =>
      cause instanceof Error ? cause.message : String(cause),
    );
  }
}
