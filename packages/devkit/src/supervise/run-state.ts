/**
 * Who runs in a state directory: written by the supervisor whenever that changes, read by the next
 * start, by `status` and by `reset`. Processes are named by pid and start time, never by pid alone.
 */
import { readFile, rm } from 'node:fs/promises';
import { endGroup } from '../end-group.ts';
import { identityOf, isRunning, type ProcessIdentity } from '../process-identity.ts';

export interface RunState {
  readonly supervisor: ProcessIdentity;
  readonly processes: readonly (ProcessIdentity & {
    readonly name: string;
    readonly signal: NodeJS.Signals;
  })[];
}

export async function readRunState(file: string): Promise<RunState | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RunState;
  } catch {
    return undefined;
  }
}

/** The supervisor at work in this state, or undefined. */
export async function runningSupervisor(file: string): Promise<ProcessIdentity | undefined> {
  const state = await readRunState(file);
  return state !== undefined && (await isRunning(state.supervisor)) ? state.supervisor : undefined;
}

/** Ends what a killed supervisor left running, in reverse order of its start; tells the names. */
export async function endLeftovers(file: string): Promise<readonly string[]> {
  const state = await readRunState(file);
  const ended: string[] = [];
  for (const leftover of (state?.processes ?? []).toReversed()) {
    if (await endGroup(leftover, leftover.signal)) ended.push(leftover.name);
  }
  await rm(file, { force: true });
  return ended;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  return (await identityOf(process.pid)) ?? { pid: process.pid, started: 'unknown' };
}
