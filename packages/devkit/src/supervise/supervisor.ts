/**
 * One supervisor owns every process group of a run. It starts programs directly, never through a
 * shell or a package runner, so that each can be signalled, counted and ended.
 */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withFileLock } from '../file-lock.ts';
import { guardAgents } from '../guarded-process.ts';
import { sayOnStderr, type Say } from '../progress.ts';
import { BoundedLog } from './bounded-log.ts';
import { endAgents } from './left-behind-agents.ts';
import { type RestartPolicy } from './restart-policy.ts';
import { writePrivateFile } from '../private-file.ts';
import { endLeftovers, ownIdentity, runningSupervisor } from './run-state.ts';
import { SupervisedProcess, type ProcessSpec } from './supervised-process.ts';

const graceMsDefault = 10_000;

export interface SupervisorOptions {
  /** Who runs is noted here, for the next start. */
  readonly stateFile: string;
  readonly logDirectory: string;
  /** Where the orchestrator notes the agents it started; they end with the run. */
  readonly agentsDirectory?: string;
  readonly say?: Say;
  readonly graceMs?: number;
  readonly policy?: RestartPolicy;
}

export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

/** Takes over the state file, after ending what a killed supervisor may have left behind. */
export async function superviseProcesses(options: SupervisorOptions): Promise<Supervisor> {
  const { stateFile, agentsDirectory, say = sayOnStderr } = options;
  await mkdir(dirname(stateFile), { recursive: true, mode: 0o711 });
  const supervisor = new Supervisor({ ...options, say });
  // Two that start at the same moment must not both find the place free.
  const ended = await withFileLock(`${stateFile}.lock`, async () => {
    const other = await runningSupervisor(stateFile);
    if (other !== undefined) throw new AlreadyRunning(`A run is at work here already (pid ${other.pid}).`);
    const names = await endLeftovers(stateFile);
    await supervisor.writeState();
    return names;
  });
  const agents = agentsDirectory === undefined ? 0 : await endAgents(agentsDirectory);
  const what = [...ended, ...(agents === 0 ? [] : [`${agents} agents`])];
  if (what.length > 0) say(`  ! an earlier run was killed; ended what it left: ${what.join(', ')}`);
  if (agentsDirectory !== undefined) guardAgents(agentsDirectory);
  return supervisor;
}

export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions & { readonly say: Say };
  /** In the order of their start; those of one stage have started together and stop together. */
  readonly #stages: SupervisedProcess[][] = [];
  /** Called when a process that had ended by itself is ready again: its addresses may be others now. */
  onRecovery: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: SupervisorOptions & { readonly say: Say }) {
    this.#options = options;
  }

  get processes(): readonly SupervisedProcess[] {
    return this.#stages.flat();
  }

  /** Starts programs together; resolves when all are ready, rejects with the first that is not. */
  async start(...specs: readonly ProcessSpec[]): Promise<void> {
    const { say, logDirectory, policy } = this.#options;
    if (this.#stopped !== undefined) throw new Error('The run is being stopped');
    const stage = specs.map(
      (spec) =>
        new SupervisedProcess(spec, new BoundedLog(join(logDirectory, `${spec.name}.log`)), {
          say,
          changed: () => this.writeState(),
          recovered: () => this.onRecovery?.(),
          ...(policy === undefined ? {} : { policy }),
        }),
    );
    this.#stages.push(stage);
    await Promise.all(stage.map((each) => each.start()));
  }

  /** Stops all in reverse order of their start; nothing runs when this resolves. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** For the impatient: what still runs is killed now, and `stop` resolves the sooner. */
  kill(): void {
    for (const each of this.processes) each.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** One write after the other, each with the newest state. */
  writeState(): Promise<void> {
    const write = async (): Promise<void> => {
      const processes = this.processes.flatMap(({ identity, spec }) =>
        identity === undefined ? [] : [{ ...identity, name: spec.name }],
      );
      const state = { supervisor: await ownIdentity(), processes };
      await writePrivateFile(this.#options.stateFile, `${JSON.stringify(state, undefined, 2)}\n`);
    };
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }

  async #stop(): Promise<void> {
    const { graceMs = graceMsDefault, agentsDirectory, stateFile } = this.#options;
    for (const stage of this.#stages.toReversed()) {
      await Promise.all(stage.map((each) => each.stop(graceMs)));
      const startsAgents = stage.some(({ spec }) => spec.startsAgents === true);
      if (agentsDirectory !== undefined && startsAgents) await endAgents(agentsDirectory);
    }
    await this.#writing.catch(() => {});
    await rm(stateFile, { force: true });
  }
}
