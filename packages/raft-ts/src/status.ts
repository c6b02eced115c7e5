import { type Core, type Role } from './core.ts';
import { type NodeId } from './message.ts';
import { type ProgressState } from './progress.ts';

export interface PeerStatus {
  readonly match: number;
  readonly next: number;
  readonly state: ProgressState;
  readonly recentlyActive: boolean;
  readonly paused: boolean;
  readonly inflight: number;
  readonly inflightFull: boolean;
  readonly pendingSnapshot: number;
}

/** A picture of one node, for operators and for the lease. It owns its data. */
export interface Status {
  readonly id: NodeId;
  readonly role: Role;
  readonly term: number;
  readonly vote: NodeId;
  /** `NONE` (0) when no leader is known. */
  readonly leader: NodeId;
  readonly commit: number;
  readonly applied: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Ticks since the start of this node. */
  readonly tick: number;
  /** Leader only: tick at which the newest heartbeat was sent that a quorum has acknowledged. See `leaseUntil`. */
  readonly leaseTick: number | undefined;
  readonly transferee: NodeId;
  readonly uncommittedBytes: number;
  /** Leader only, else empty; ascending ids. */
  readonly progress: ReadonlyMap<NodeId, PeerStatus>;
}

export function statusOf(core: Core): Status {
  const progress = new Map<NodeId, PeerStatus>();
  if (core.isLeader) {
    for (const [id, peer] of core.progress) {
      const { match, next, state, recentlyActive, paused, inflight, inflightFull, pendingSnapshot } = peer;
      progress.set(id, {
        match,
        next,
        state,
        recentlyActive,
        paused,
        inflight,
        inflightFull,
        pendingSnapshot,
      });
    }
  }
  return {
    id: core.id,
    role: core.role,
    term: core.term,
    vote: core.vote,
    leader: core.leader,
    commit: core.log.committed,
    applied: core.log.applied,
    firstIndex: core.log.firstIndex,
    lastIndex: core.log.lastIndex,
    lastTerm: core.log.lastTerm,
    tick: core.ticks,
    leaseTick: core.leaseTick(),
    transferee: core.transferee,
    uncommittedBytes: core.uncommittedBytes,
    progress,
  };
}
