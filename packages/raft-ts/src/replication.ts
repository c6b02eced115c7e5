import { type Core } from './core.ts';
import {
  type AppendAccepted,
  type AppendRejected,
  type HeartbeatReply,
  type NodeId,
  NONE,
} from './message.ts';
import { type Progress } from './progress.ts';
import { quorumValue } from './quorum.ts';
import { confirmReads, releaseEarlyReads } from './read-index.ts';

/** Sends the next entries, or the commit index alone, or a snapshot when the entries are gone. */
export function sendAppend(core: Core, to: NodeId): void {
  trySendAppend(core, to, true);
}

/** False when flow control or the want of entries speaks against it. */
function trySendAppend(core: Core, to: NodeId, evenEmpty: boolean): boolean {
  const progress = core.progressOf(to);
  if (progress.paused) return false;
  const prevIndex = progress.next - 1;
  const prevTerm = core.log.term(prevIndex);
  if (prevTerm === undefined) return sendSnapshot(core, to, progress);
  const throttled = progress.state === 'replicate' && progress.inflightFull;
  const { maxBytesPerMessage, maxEntriesPerMessage } = core.config;
  const held = throttled ? [] : core.log.entriesFrom(progress.next, maxBytesPerMessage);
  if (held === undefined) return sendSnapshot(core, to, progress);
  const entries = held.slice(0, maxEntriesPerMessage);
  if (entries.length === 0 && !evenEmpty) return false;
  const commit = core.log.committed;
  core.send({ type: 'append', to, prevIndex, prevTerm, entries, commit });
  progress.sentAppend(entries.length, commit);
  return true;
}

function sendSnapshot(core: Core, to: NodeId, progress: Progress): boolean {
  if (!progress.recentlyActive) return false;
  const snapshot = core.log.snapshot();
  if (snapshot.index === 0) return false;
  progress.becomeSnapshot(snapshot.index, core.ticks);
  core.send({ type: 'snapshot', to, snapshot });
  return true;
}

export function broadcastAppend(core: Core): void {
  for (const to of core.others()) sendAppend(core, to);
}

/** Appends own entries; they count for the commit only when this node has made them durable too. */
export function appendOwn(core: Core, data: readonly Uint8Array[]): number {
  const first = core.log.lastIndex + 1;
  core.log.append(data.map((bytes, offset) => ({ term: core.term, index: first + offset, data: bytes })));
  core.uncommittedBytes += data.reduce((sum, bytes) => sum + bytes.byteLength, 0);
  core.promise({ type: 'appendAccepted', to: core.id, index: core.log.lastIndex });
  return first;
}

/**
 * The commit rule (§5.3, §5.4.2): what a majority holds is committed, but by counting only entries of the own term
 * are; older ones follow with them.
 */
function advanceCommit(core: Core): boolean {
  const index = quorumValue(core.groups, (id) => core.progressOf(id).match);
  if (index <= core.log.committed || core.log.term(index) !== core.term) return false;
  core.log.commitTo(index);
  return true;
}

export function onAppendAccepted(core: Core, message: AppendAccepted): void {
  const progress = core.progressOf(message.from);
  progress.recentlyActive = true;
  const news = progress.acknowledged(message.index);
  if (!news && !(progress.match === message.index && progress.state === 'probe')) return;
  if (progress.state === 'probe') {
    progress.becomeReplicate();
  } else if (progress.state === 'snapshot') {
    // Also an older snapshot than the one under way helps, when appends can go on from it.
    if (progress.match + 1 >= core.log.firstIndex) {
      progress.becomeProbe();
      progress.becomeReplicate();
    }
  } else {
    progress.freeInflight(message.index);
  }
  if (advanceCommit(core)) {
    releaseEarlyReads(core);
    broadcastAppend(core);
  } else if (message.from !== core.id && progress.canRaiseCommit(core.log.committed)) {
    sendAppend(core, message.from);
  }
  if (message.from === core.id) return;
  while (trySendAppend(core, message.from, false));
  if (message.from === core.transferee && progress.match === core.log.lastIndex) {
    sendTimeoutNow(core, message.from);
  }
}

/** Goes back to where the logs may agree, at most one round trip per term that differs (§5.3). */
export function onAppendRejected(core: Core, message: AppendRejected): void {
  const progress = core.progressOf(message.from);
  progress.recentlyActive = true;
  const hint =
    message.hintTerm > 0
      ? core.log.findConflictByTerm(message.hintIndex, message.hintTerm).index
      : message.hintIndex;
  if (!progress.refused(message.prevIndex, hint)) return;
  if (progress.state === 'replicate') progress.becomeProbe();
  sendAppend(core, message.from);
}

export function onHeartbeatReply(core: Core, message: HeartbeatReply): void {
  const progress = core.progressOf(message.from);
  progress.recentlyActive = true;
  progress.flowPaused = false;
  progress.ackedTick = Math.max(progress.ackedTick, message.sentTick);
  progress.ackedReadRound = Math.max(progress.ackedReadRound, message.readRound);
  if (progress.match < core.log.lastIndex || progress.state === 'probe') sendAppend(core, message.from);
  confirmReads(core);
}

/** A snapshot did not arrive, or nobody knows: probe from it again after the next heartbeat reply. */
export function snapshotReported(core: Core, from: NodeId, received: boolean): void {
  const progress = core.progressOf(from);
  if (progress.state !== 'snapshot') return;
  if (!received) progress.pendingSnapshot = 0;
  progress.becomeProbe();
  progress.flowPaused = true;
}

/** Snapshot or answer may be lost without anyone noticing: after a while it is as if that had been reported. */
export function retrySnapshots(core: Core): void {
  for (const [id, progress] of core.progress) {
    const overdue = core.ticks - progress.snapshotTick >= core.config.snapshotRetryTicks;
    if (progress.state === 'snapshot' && overdue) snapshotReported(core, id, false);
  }
}

/** Messages to a node got lost: stop streaming, probe. */
export function unreachableReported(core: Core, id: NodeId): void {
  const progress = core.progressOf(id);
  if (progress.state === 'replicate') progress.becomeProbe();
}

/** True when a quorum was heard since the last check; starts the next interval. */
export function quorumActive(core: Core): boolean {
  const active = quorumValue(core.groups, (id) =>
    id === core.id || core.progressOf(id).recentlyActive ? 1 : 0,
  );
  for (const [id, progress] of core.progress) progress.recentlyActive = id === core.id;
  return active > 0;
}

/** Leadership transfer (thesis §3.10): bring the follower level, then tell it to campaign. */
export function startTransfer(core: Core, to: NodeId): void {
  if (core.transferee === to || to === core.id) return;
  core.transferee = to;
  core.electionElapsed = 0;
  if (core.progressOf(to).match === core.log.lastIndex) sendTimeoutNow(core, to);
  else sendAppend(core, to);
}

function sendTimeoutNow(core: Core, to: NodeId): void {
  if (core.config.readMode === 'lease') core.transferSent = true;
  core.send({ type: 'timeoutNow', to });
}

/** A transfer that took an election time is given up. The lease may be broken by then: then so is the leadership. */
export function abortTransfer(core: Core): void {
  core.transferee = NONE;
  if (core.transferSent) core.becomeFollower(core.term, NONE);
}
