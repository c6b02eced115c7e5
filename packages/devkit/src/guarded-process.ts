/**
 * Processes that must not outlive us, even when we are killed with SIGKILL and can do nothing:
 * a small guard process notices the end of its standard input and ends them (see `guard.ts`).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { assert } from '@whoosh/stdx';
import { identityOf, type ProcessIdentity } from './process-identity.ts';

export interface GuardedProcess extends ProcessIdentity {
  /** What asks this process to end; its whole group gets it. */
  readonly signal: NodeJS.Signals;
}

export type GuardLine =
  | { readonly add: GuardedProcess }
  | { readonly remove: number }
  /** A folder with notes of agents that are to be ended as well. */
  | { readonly agents: string };

let guard: ChildProcess | undefined;

/**
 * Puts a group leader under guard from now until it exits. The child must have been spawned with
 * `detached: true`, because it is its group that is ended.
 */
export async function guardProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<ProcessIdentity> {
  const { pid } = child;
  assert(pid !== undefined, 'a process under guard has been started');
  const identity = await identityOf(pid);
  // Gone already: whoever waits for its readiness reports why.
  if (identity === undefined) return { pid, started: 'gone' };
  tell({ add: { ...identity, signal } });
  child.once('exit', () => tell({ remove: pid }));
  return identity;
}

/** Agents that are noted in this folder end with us too. */
export function guardAgents(directory: string): void {
  tell({ agents: directory });
}

function tell(line: GuardLine): void {
  guard ??= startGuard();
  guard.stdin?.write(`${JSON.stringify(line)}\n`);
}

function startGuard(): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'guard.ts')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A guard that cannot be started or was killed guards nothing; the work itself goes on.
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.once('exit', () => (guard = undefined));
  child.unref();
  (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  return child;
}
