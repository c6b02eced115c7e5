/** Ends a process that is not our child, when it still is the one we mean. */
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

const graceMs = 10_000;
const pollEveryMs = 50;

/** Asks the group of exactly this process to end, and ends it after the grace; false when it was gone. */
export async function endGroup(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isRunning(identity))) return false;
  signalGroup(identity.pid, signal);
  const deadlineMs = performance.now() + graceMs;
  while (await isRunning(identity)) {
    if (performance.now() > deadlineMs) signalGroup(identity.pid, 'SIGKILL');
    await delay(pollEveryMs);
  }
  return true;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (cause) {
    // Gone between the look and the signal is what we wanted.
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}
