import { backbeat } from '@whoosh/contracts';
import { type Raft } from 'raft-ts/node';
import { checkFor } from '../domain/raft-refusal.ts';
import { type Score } from '../domain/score.ts';
import { rampSteps } from '../domain/tempo-plan.ts';
import { absoluteRange, stepRange, type TempoRange } from '../domain/tempo.ts';
import { describeBeat } from './frame.ts';
import { type Picture, type Role } from './messages.ts';

export interface PictureFacts {
  readonly raft: Raft;
  readonly cluster: string;
  readonly node: string;
  readonly score: Score | undefined;
  readonly limits: TempoRange;
  /** The last beat on the wire that this node sent or heard. */
  readonly lastIndex: number | undefined;
  readonly hlc: string;
  readonly driftMs: number | null;
  readonly jitterMs: Picture['jitterMs'];
  readonly isWired: boolean;
  readonly nats: Picture['nats'];
  readonly leadMs: number;
  /** Why connections between nodes were refused of late. */
  readonly refusedPeers: readonly string[];
}

const ROLES: Readonly<Record<'leader' | 'follower' | 'candidate' | 'preCandidate', Role>> = {
  leader: 'leader',
  follower: 'follower',
  candidate: 'candidate',
  preCandidate: 'precandidate',
};

export function pictureOf(facts: PictureFacts): Picture {
  const { raft, score, lastIndex } = facts;
  const { role, term } = raft.status();
  const leader = raft.leaderName() ?? null;
  const hasQuorum = leader !== null;
  const beat =
    score === undefined || lastIndex === undefined ? null : describeBeat(facts.cluster, score, lastIndex);
  const ramp = score?.ramp ?? null;
  const next = score?.nextSegment ?? null;
  const reason = reasonOf(hasQuorum, facts);
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
      score === undefined || ramp === null || next === null
        ? null
        : { targetBpm: ramp.targetBpm, steps: rampSteps(score, backbeat.RAMP_STEPS_MAX) },
    ...rangesOf(score, facts.limits),
    barLength: score?.bars.length ?? null,
    hlc: facts.hlc,
    driftMs: facts.driftMs,
    jitterMs: facts.jitterMs,
    degraded: reason !== null,
    reason,
    peers: raft.membership.peers.map(({ name, host, port }) => ({
      id: name,
      address: `${host}:${port}`,
      connected: name === facts.node || isInTouch(raft, name),
      self: name === facts.node,
    })),
    nats: facts.nats,
    leadMs: facts.leadMs,
    logBytes: raft.logBytes,
  };
}

/**
 * A leader is in touch with who has answered it lately, a follower with the leader that it hears, and with another
 * follower while their connection stands.
 */
function isInTouch(raft: Raft, name: string): boolean {
  const id = raft.membership.idOf(name);
  const { leader, progress } = raft.status();
  return id === leader || (progress.get(id)?.recentlyActive ?? raft.transport.isConnected(id));
}

function rangesOf(score: Score | undefined, limits: TempoRange): Pick<Picture, 'tempoRange' | 'rampRange'> {
  if (score === undefined) return { tempoRange: null, rampRange: null };
  const barLength = (score.nextBars ?? score.bars).length;
  return {
    tempoRange: stepRange(score.segment.tempoBpm, limits, barLength),
    rampRange: absoluteRange(limits, barLength),
  };
}

function reasonOf(hasQuorum: boolean, { isWired, refusedPeers }: PictureFacts): string | null {
  if (!hasQuorum) {
    return ['no leader: this node sees no quorum', ...refusedPeers.map(checkFor)].join('; ');
  }
  return isWired ? null : 'no broker can be reached';
}
