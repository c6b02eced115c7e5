/** A program that we started, in a group of its own, under guard, whose end can be awaited. */
import { spawn, type ChildProcess } from 'node:child_process';
import { type ProcessIdentity } from './process-identity.ts';
import { guardProcess } from './guarded-process.ts';

const killAfterMs = 10_000;

export interface OwnedProcessOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** What asks the program to end. */
  readonly stopSignal?: NodeJS.Signals;
  /** Gets everything the program prints, as it comes. */
  readonly onOutput?: (chunk: Buffer) => void;
}

export class OwnedProcess {
  readonly identity: ProcessIdentity;
  /** Settles, never rejects, when the process is gone and its output is read to the end. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  readonly #stopSignal: NodeJS.Signals;

  private constructor(
    child: ChildProcess,
    identity: ProcessIdentity,
    exited: OwnedProcess['exited'],
    stop: NodeJS.Signals,
  ) {
    this.#child = child;
    this.identity = identity;
    this.exited = exited;
    this.#stopSignal = stop;
  }

  static async start(options: OwnedProcessOptions): Promise<OwnedProcess> {
    const { file, args, env = process.env, cwd, uid, gid, stopSignal = 'SIGTERM', onOutput } = options;
    const child = spawn(file, args, {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    const read = onOutput ?? ((): void => {});
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    // Whatever it started itself and left behind in its group has no owner from here on.
    child.once('exit', () => signalGroup(child.pid, 'SIGKILL'));
    const exited: OwnedProcess['exited'] = new Promise((done) => {
      child.once('close', (code, signal) => done({ code, signal }));
    });
    await new Promise<void>((done, failed) => {
      child.once('spawn', done);
      child.once('error', failed);
    });
    const identity = await guardProcess(child, stopSignal);
    return new OwnedProcess(child, identity, exited, stopSignal);
  }

  get pid(): number {
    return this.identity.pid;
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** To the whole group; a process that is gone is not an error. */
  signal(signal: NodeJS.Signals): void {
    if (!this.isOver) signalGroup(this.pid, signal);
  }

  /** Asks it to end, waits, and after the grace period ends it. True when it went by itself. */
  async stop({ graceMs = killAfterMs }: { graceMs?: number } = {}): Promise<boolean> {
    let polite = true;
    const kill = setTimeout(() => {
      polite = false;
      this.signal('SIGKILL');
    }, graceMs);
    this.signal(this.#stopSignal);
    // A suspended process hears nothing until it goes on.
    this.signal('SIGCONT');
    await this.exited;
    clearTimeout(kill);
    return polite;
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}
