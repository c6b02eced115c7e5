import { type Core } from './core.ts';
import { type NodeId, NONE, type VoteReply, type VoteRequest } from './message.ts';
import { voteOutcome } from './quorum.ts';
import { appendOwn, broadcastAppend } from './replication.ts';

/** Why a node stands: asking first, in earnest, or because the leader told it to. */
type Campaign = 'preVote' | 'vote' | 'transfer';

/** A leader may rely on this node's word for an election time; alone, there is nobody to have given it to. */
function boundByLease(core: Core): boolean {
  const { electionTicks, readMode } = core.config;
  return readMode === 'lease' && core.sinceLeader < electionTicks && core.voters.length > 1;
}

/** Followers of a live leader refuse to elect another (thesis §4.2.3). */
export function isSticky(core: Core): boolean {
  const { checkQuorum, electionTicks } = core.config;
  if (boundByLease(core)) return true;
  return checkQuorum && core.leader !== NONE && core.electionElapsed < electionTicks;
}

/** A node that has yet to take a snapshot in cannot lead. */
function promotable(core: Core): boolean {
  return core.log.unstableSnapshot === undefined;
}

/** Starts an election; false when this node must not stand now. */
export function campaign(core: Core, kind: Campaign = core.config.preVote ? 'preVote' : 'vote'): boolean {
  if (core.isLeader || !promotable(core)) return false;
  if (boundByLease(core) && kind !== 'transfer') return false;
  if (kind === 'preVote') becomePreCandidate(core);
  else becomeCandidate(core);
  const pre = kind === 'preVote';
  const term = pre ? core.term + 1 : core.term;
  for (const to of core.voters) {
    if (to === core.id) {
      core.promise({ type: pre ? 'preVoteReply' : 'voteReply', to, granted: true }, term);
      continue;
    }
    const { lastIndex, lastTerm } = core.log;
    const transfer = kind === 'transfer';
    core.send({ type: pre ? 'preVote' : 'vote', to, lastIndex, lastTerm, transfer }, term);
  }
  return true;
}

function becomeCandidate(core: Core): void {
  core.reset(core.term + 1);
  core.vote = core.id;
  core.role = 'candidate';
}

/** Neither term nor vote change: a refused pre-candidate has disturbed nobody. */
function becomePreCandidate(core: Core): void {
  core.votes.clear();
  core.role = 'preCandidate';
  core.leader = NONE;
  core.drawElectionTimeout();
}

function becomeLeader(core: Core): void {
  core.reset(core.term);
  core.role = 'leader';
  core.leader = core.id;
  const own = core.progressOf(core.id);
  own.becomeReplicate();
  own.recentlyActive = true;
  appendOwn(core, [new Uint8Array()]);
}

/** One vote per term, for a log at least as good as the own one (§5.2, §5.4.1). */
export function onVoteRequest(core: Core, message: VoteRequest): void {
  const pre = message.type === 'preVote';
  const free =
    core.vote === message.from ||
    (core.vote === NONE && core.leader === NONE) ||
    (pre && message.term > core.term);
  const granted = free && core.log.isUpToDate(message.lastIndex, message.lastTerm);
  const type = pre ? 'preVoteReply' : 'voteReply';
  core.promise({ type, to: message.from, granted }, granted ? message.term : core.term);
  if (!granted || pre) return;
  core.electionElapsed = 0;
  core.vote = message.from;
}

export function onVoteReply(core: Core, message: VoteReply): void {
  const expected = core.role === 'preCandidate' ? 'preVoteReply' : 'voteReply';
  if (message.type !== expected || (core.role !== 'preCandidate' && core.role !== 'candidate')) return;
  if (message.type === 'preVoteReply' && message.granted && message.term !== core.term + 1) return;
  if (!core.votes.has(message.from)) core.votes.set(message.from, message.granted);
  const outcome = voteOutcome(core.groups, (id: NodeId) => core.votes.get(id));
  if (outcome === 'lost') {
    core.becomeFollower(core.term, NONE);
  } else if (outcome === 'won' && core.role === 'preCandidate') {
    campaign(core, 'vote');
  } else if (outcome === 'won') {
    becomeLeader(core);
    broadcastAppend(core);
  }
}
