import { type Core } from './core.ts';
import { broadcastHeartbeat } from './heartbeat.ts';
import { type NodeId } from './message.ts';
import { quorumValue } from './quorum.ts';
import { type EarlyRead } from './read-queue.ts';

/** Whether a quorum's word, counted from when it was asked for, still keeps others from being elected. */
function leaseHolds(core: Core): boolean {
  const tick = core.leaseTick();
  return tick !== undefined && core.ticks - tick < core.config.leaseTicks;
}

function answer(core: Core, from: NodeId, context: string, index: number): void {
  if (from === core.id) core.readStates.push({ context, index });
  else core.send({ type: 'readIndexReply', to: from, context, index });
}

/** A read at the leader (thesis §6.4). False when it cannot be taken. */
export function readAtLeader(core: Core, from: NodeId, context: string): boolean {
  if (core.reads.full) return false;
  if (core.committedInTerm) beginRead(core, { from, context });
  else core.reads.addEarly({ from, context });
  return true;
}

function beginRead(core: Core, read: EarlyRead): void {
  const index = core.log.committed;
  if (core.voters.length === 1 || (core.config.readMode === 'lease' && leaseHolds(core))) {
    answer(core, read.from, read.context, index);
  } else {
    core.reads.add(read, index);
    broadcastHeartbeat(core);
  }
}

/** The term's first entry is committed: from now on the leader knows what is committed. */
export function releaseEarlyReads(core: Core): void {
  if (!core.committedInTerm) return;
  for (const read of core.reads.takeEarly()) beginRead(core, read);
}

export function confirmReads(core: Core): void {
  if (!core.reads.waiting) return;
  const round = quorumValue(core.groups, (id) =>
    id === core.id ? core.reads.round : core.progressOf(id).ackedReadRound,
  );
  for (const read of core.reads.takeConfirmed(round)) answer(core, read.from, read.context, read.index);
}
