import { type Raft } from 'raft-ts/node';
import { type Score } from '../domain/score.ts';
import { describeBeat } from './frame.ts';
import { type Picture, type Role } from './messages.ts';

export interface PictureFacts {
  readonly raft: Raft;
  readonly cluster: string;
  readonly node: string;
  readonly score: Score | undefined;
  /** The last beat on the wire that this node sent or heard. */
  readonly lastIndex: number | undefined;
  readonly hlc: string;
  readonly driftMs: number | null;
  readonly jitterMs: Picture['jitterMs'];
  readonly isWired: boolean;
  readonly nats: Picture['nats'];
  readonly leadMs: number;
}

const ROLES: Readonly<Record<'leader' | 'follower' | 'candidate' | 'preCandidate', Role>> = {
  leader: 'leader',
  follower: 'follower',
  candidate: 'candidate',
  preCandidate: 'precandidate',
};

export function pictureOf(facts: PictureFacts): Picture {
  const { raft, score, lastIndex } = facts;
  const { role, term, progress } = raft.status();
  const leader = raft.leaderName() ?? null;
  const hasQuorum = leader !== null;
  const beat =
    score === undefined || lastIndex === undefined ? null : describeBeat(facts.cluster, score, lastIndex);
  const ramp = score?.ramp ?? null;
  const next = score?.nextSegment ?? null;
  const reason = reasonOf(hasQuorum, facts.isWired);
  return {
    role: ROLES[role],
    term,
    leader,
    hasQuorum,
    epoch: score?.epoch ?? null,
    beat: beat && { index: beat.index, phase: beat.phase, downbeat: beat.downbeat, windowId: beat.windowId },
    tempoBpm: score?.segment.tempoBpm ?? null,
    targetBpm: ramp?.targetBpm ?? next?.tempoBpm ?? score?.segment.tempoBpm ?? null,
    ramp:
      ramp === null || next === null
        ? null
        : { target_bpm: ramp.targetBpm, next_bpm: next.tempoBpm, at_beat: next.anchor.index },
    barLength: score?.bars.length ?? null,
    hlc: facts.hlc,
    driftMs: facts.driftMs,
    jitterMs: facts.jitterMs,
    degraded: reason !== null,
    reason,
    peers: raft.membership.peers.map(({ name, host, port }, at) => ({
      id: name,
      address: `${host}:${port}`,
      // Only the leader hears from everybody; a follower knows of its leader.
      connected: name === facts.node || name === leader || progress.get(at + 1)?.recentlyActive === true,
      self: name === facts.node,
    })),
    nats: facts.nats,
    leadMs: facts.leadMs,
    logBytes: raft.logBytes,
  };
}

function reasonOf(hasQuorum: boolean, isWired: boolean): string | null {
  if (!hasQuorum) return 'no leader: this node sees no quorum';
  return isWired ? null : 'no broker can be reached';
}
