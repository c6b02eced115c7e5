/**
 * The guard outlives a parent that was killed without a chance to clean up. It reads one JSON line
 * per process to end (`{add}`) or to forget (`{remove}`) on standard input; when that input ends,
 * the parent is gone, and what is still on the list is ended: first politely, then for good.
 */
import { createInterface } from 'node:readline';
import { endGroup } from './end-group.ts';
import { type GuardLine, type GuardedProcess } from './guarded-process.ts';
import { endAgents } from './supervise/left-behind-agents.ts';

const guarded = new Map<number, GuardedProcess>();
const agentDirectories = new Set<string>();

// A terminal's Ctrl-C reaches the whole group of the parent, and its end must find us alive.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('SIGHUP', () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as GuardLine;
  if ('add' in message) guarded.set(message.add.pid, message.add);
  else if ('agents' in message) agentDirectories.add(message.agents);
  else guarded.delete(message.remove);
}
const wasKilled = guarded.size > 0;
await Promise.all([...guarded.values()].map((target) => endGroup(target, target.signal)));
// A parent that stopped in order has ended its agents itself.
if (wasKilled) await Promise.all([...agentDirectories].map(endAgents));
