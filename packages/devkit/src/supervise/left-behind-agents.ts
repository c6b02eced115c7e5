/**
 * Agents are started by the orchestrator, in groups of their own, and outlive it on purpose: a
 * restarted orchestrator adopts them. When the whole run ends nobody will, so they are ended too.
 * Each has a file `{pid, started_at, nonce}`; whether the pid is still that agent is told by its
 * command line.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { endGroup } from '../end-group.ts';
import { commandLineOf, identityOf } from '../process-identity.ts';

const agentProgram = 'agent-sim';

/** Ends every agent that is noted in the folder and removes the notes; tells how many still ran. */
export async function endAgents(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  const ended = await Promise.all(
    names.filter((name) => name.endsWith('.json')).map((name) => endAgent(join(directory, name))),
  );
  return ended.filter(Boolean).length;
}

async function endAgent(file: string): Promise<boolean> {
  const pid = await notedPid(file);
  const identity = pid === undefined ? undefined : await identityOf(pid);
  const isAgent =
    identity !== undefined && (await commandLineOf(identity.pid))?.includes(agentProgram) === true;
  const ended = isAgent && (await endGroup(identity, 'SIGTERM'));
  await rm(file, { force: true });
  return ended;
}

async function notedPid(file: string): Promise<number | undefined> {
  try {
    const { pid } = JSON.parse(await readFile(file, 'utf8')) as { pid?: unknown };
    return typeof pid === 'number' && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
