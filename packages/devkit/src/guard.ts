/**
 * The guard outlives a parent that was killed without a chance to clean up. It reads one JSON line
 * per process to end (`{add}`) or to forget (`{remove}`) on standard input; when that input ends,
 * the parent is gone, and what is still on the list is ended: first politely, then for good.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuardLine, type GuardedProcess } from './guarded-process.ts';
import { isRunning } from './process-identity.ts';

const graceMs = 5_000;
const pollEveryMs = 50;

const guarded = new Map<number, GuardedProcess>();

// A terminal's Ctrl-C reaches the whole group of the parent, and its end must find us alive.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('SIGHUP', () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as GuardLine;
  if ('add' in message) guarded.set(message.add.pid, message.add);
  else guarded.delete(message.remove);
}
await Promise.all([...guarded.values()].map(end));

async function end(target: GuardedProcess): Promise<void> {
  if (!(await isRunning(target))) return;
  signalGroup(target.pid, target.signal);
  const deadlineMs = performance.now() + graceMs;
  while (await isRunning(target)) {
    if (performance.now() > deadlineMs) {
      signalGroup(target.pid, 'SIGKILL');
      return;
    }
    await delay(pollEveryMs);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone between the look and the signal.
  }
}
