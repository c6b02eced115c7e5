import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { type Log } from '@whoosh/telemetry';
import { type Observed } from '../domain/plan.ts';
import { type AgentFile, AgentFiles, nameOf, refOf } from './agent-files.ts';
import { type AgentRuntime, type AgentSpec } from './agent-runtime.ts';
import { askToStop, visit } from './agent-visit.ts';

export interface ProcessRuntimeOptions {
  readonly stateDirectory: string;
  /** The file that an agent process runs. */
  readonly program: string;
  /** What every agent gets beside its own variables. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
}

const NONCE_BYTES = 16;
/** From its file to its address in the file; on a busy machine a process needs seconds to come up. */
const START_WITHIN_MS = 30_000;
/** An open port that says nothing for so long is a dead agent; without its file it ends itself when it wakes up. */
const SILENT_FOR_MS = 30_000;
const STOP_WITHIN_MS = 10_000;
const KILL_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;
const REASON_LINES = 1;

/**
 * Agents as processes of this machine, each in a group of its own, outliving whoever started them. The file of an
 * agent is its lease: written before the process starts, completed by the process with its address, and an agent
 * whose file is gone or names another nonce ends itself. So nothing is ever killed by a pid that may be somebody else's.
 */
export class ProcessRuntime implements AgentRuntime {
  readonly kind = 'process';
  readonly #options: ProcessRuntimeOptions;
  readonly #files: AgentFiles;
  /** Those this process started itself: it hears of their end. */
  readonly #children = new Map<string, ChildProcess>();
  readonly #silentSince = new Map<string, number>();

  private constructor(options: ProcessRuntimeOptions, files: AgentFiles) {
    this.#options = options;
    this.#files = files;
  }

  static async open(options: ProcessRuntimeOptions): Promise<ProcessRuntime> {
    return new ProcessRuntime(options, await AgentFiles.open(options.stateDirectory));
  }

  async deploy(spec: AgentSpec): Promise<void> {
    const ref = refOf(spec);
    const nonce = randomBytes(NONCE_BYTES).toString('hex');
    const file = { nonce, started_at: new Date().toISOString(), pid: null, admin_url: null };
    const { joinToken, key } = spec;
    await this.#files.write(ref, file, { joinToken, privateKey: key?.privateKey });
    const log = await open(this.#files.logPathOf(ref), 'a', 0o600);
    try {
      const child = spawn(process.execPath, [this.#options.program], {
        cwd: this.#files.directory,
        detached: true,
        env: {
          ...this.#options.environment,
          ...spec.environment,
          ...(key && { BACKBEAT_SIGNING_KEY_FILE: this.#files.keyPathOf(ref) }),
          ...(key && { BACKBEAT_SIGNING_KEY_NAME: key.name }),
          WHOOSH_AGENT_TOKEN_FILE: this.#files.tokenPathOf(ref),
          WHOOSH_AGENT_RECORD: this.#files.pathOf(ref),
          WHOOSH_AGENT_NONCE: nonce,
        },
        stdio: ['ignore', log.fd, log.fd],
      });
      await once(child, 'spawn');
      child.unref();
      this.#children.set(ref, child);
    } catch (cause) {
      await this.#files.remove(ref);
      throw cause;
    } finally {
      await log.close();
    }
  }

  async list(): Promise<Observed[]> {
    const seen = await Promise.all((await this.#files.refs()).map((ref) => this.inspect(ref)));
    return seen.filter((one) => one !== undefined);
  }

  async inspect(ref: string): Promise<Observed | undefined> {
    const name = nameOf(ref);
    const file = name && (await this.#files.read(ref));
    if (name === undefined || file === undefined) return undefined;
    const found = file === 'broken' ? ended('its file is broken') : await this.#look(ref, file);
    if (found.state !== 'ended') return { ref, ...name, state: found.state };
    const [last] = await this.logs(ref, REASON_LINES);
    return {
      ref,
      ...name,
      state: 'ended',
      reason: last === undefined ? found.reason : `${found.reason}: ${last}`,
    };
  }

  async remove(ref: string): Promise<void> {
    const file = await this.#files.read(ref);
    if (file !== undefined && file !== 'broken') await this.#stop(ref, file);
    // Whatever is left of it ends by itself when it misses its file.
    await this.#files.remove(ref);
    this.#children.delete(ref);
    this.#silentSince.delete(ref);
  }

  async logs(ref: string, linesMax: number): Promise<string[]> {
    return nameOf(ref) === undefined ? [] : await this.#files.logTail(ref, linesMax);
  }

  async #look(ref: string, file: AgentFile): Promise<Found> {
    const child = this.#children.get(ref);
    if (child !== undefined && hasExited(child)) {
      return ended(
        child.signalCode === null
          ? `it exited with ${child.exitCode}`
          : `it was ended by ${child.signalCode}`,
      );
    }
    if (file.admin_url === null) {
      const isLate = Date.now() - Date.parse(file.started_at) > START_WITHIN_MS;
      return isLate ? ended('it did not come up') : { state: 'starting' };
    }
    const { found } = await visit(file.admin_url, file.nonce);
    if (found !== 'silence') this.#silentSince.delete(ref);
    if (found === 'agent') return { state: 'running' };
    if (found === 'nobody') return ended('it is not there any more');
    const since = this.#silentSince.get(ref) ?? performance.now();
    this.#silentSince.set(ref, since);
    return performance.now() - since > SILENT_FOR_MS ? ended('it does not answer') : { state: 'running' };
  }

  /** Asks, waits, and in the end kills what still proves to be the agent. */
  async #stop(ref: string, file: AgentFile): Promise<void> {
    const child = this.#children.get(ref);
    const isGone = async () => {
      if (child !== undefined) return hasExited(child);
      return file.admin_url === null || (await visit(file.admin_url, file.nonce)).found === 'nobody';
    };
    if (file.admin_url !== null) await askToStop(file.admin_url, file.nonce);
    else child?.kill('SIGTERM');
    if (await holdsWithin(isGone, STOP_WITHIN_MS)) return;
    this.#options.log.warn({ ref }, 'the agent does not stop by itself');
    const pid = await this.#provenPid(file, child);
    if (pid === undefined) return;
    killGroup(pid);
    await holdsWithin(isGone, KILL_WITHIN_MS);
  }

  /** A pid of which it is certain that it is the agent: our own child's, or one told this moment together with the nonce. */
  async #provenPid(file: AgentFile, child: ChildProcess | undefined): Promise<number | undefined> {
    if (child !== undefined && !hasExited(child)) return child.pid;
    if (file.admin_url === null) return undefined;
    const answer = await visit(file.admin_url, file.nonce);
    return answer.found === 'agent' ? answer.pid : undefined;
  }
}

type Found =
  { readonly state: 'starting' | 'running' } | { readonly state: 'ended'; readonly reason: string };

function ended(reason: string): Found {
  return { state: 'ended', reason };
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (cause) {
    // Gone in this very moment.
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}

async function holdsWithin(claim: () => Promise<boolean>, ms: number): Promise<boolean> {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    if (await claim()) return true;
    await wait(LOOK_EVERY_MS);
  }
  return false;
}
