import { type Core } from './core.ts';
import { type AppendRequest, type Heartbeat, type Snapshot, type SnapshotRequest, NONE } from './message.ts';

/** A leader of the own term has spoken: whoever else one hoped for, it is the leader. */
export function heardLeader(core: Core, leader: number): void {
  if (core.role === 'follower') {
    core.electionElapsed = 0;
    core.leader = leader;
  } else {
    core.becomeFollower(core.term, leader);
  }
  core.sinceLeader = 0;
}

export function onAppend(core: Core, message: AppendRequest): void {
  const { from, prevIndex, prevTerm, entries } = message;
  if (prevIndex < core.log.committed) {
    core.promise({ type: 'appendAccepted', to: from, index: core.log.committed });
    return;
  }
  if (core.log.tryAppend({ index: prevIndex, term: prevTerm }, entries)) {
    const lastNew = prevIndex + entries.length;
    core.log.commitTo(Math.min(message.commit, lastNew));
    core.promise({ type: 'appendAccepted', to: from, index: lastNew });
    return;
  }
  const hint = core.log.findConflictByTerm(prevIndex, prevTerm);
  core.promise({ type: 'appendRejected', to: from, prevIndex, hintIndex: hint.index, hintTerm: hint.term });
}

export function onHeartbeat(core: Core, message: Heartbeat): void {
  const { from, sentTick, readRound } = message;
  core.log.commitTo(message.commit);
  core.send({ type: 'heartbeatReply', to: from, sentTick, readRound });
}

export function onSnapshot(core: Core, message: SnapshotRequest): void {
  const restored = tryRestore(core, message.snapshot);
  const index = restored ? core.log.lastIndex : core.log.committed;
  core.promise({ type: 'appendAccepted', to: message.from, index });
}

/** False when the log already holds everything the snapshot stands for. */
function tryRestore(core: Core, snapshot: Snapshot): boolean {
  if (snapshot.index <= core.log.committed) return false;
  if (core.log.matches(snapshot)) {
    core.log.commitTo(snapshot.index);
    return false;
  }
  core.log.restore(snapshot);
  return true;
}

/**
 * The caller has reason to think the leader gone (its connection closed): this follower may now help to elect
 * another one, without changing the term. The lease forbids it, since a lost connection proves nothing.
 */
export function forgetLeader(core: Core): boolean {
  if (core.role !== 'follower' || core.leader === NONE || core.config.readMode === 'lease') return false;
  core.leader = NONE;
  return true;
}
