import { type NodeId } from './message.ts';

/**
 * Voters whose majority decides. Normally there is one group; with two (joint consensus, thesis §4.3) both must
 * agree. An empty group agrees to everything.
 */
export type VoterGroups = readonly (readonly NodeId[])[];

export type VoteOutcome = 'won' | 'pending' | 'lost';

export function majority(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** The highest value that a majority of `voters` has reached; a voter without a value has reached 0. */
export function majorityValue(voters: readonly NodeId[], valueOf: (id: NodeId) => number): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY;
  const reached = voters.map(valueOf).sort((left, right) => right - left);
  return reached[majority(voters.length) - 1] ?? 0;
}

/** The highest value reached by a majority of every group: the commit rule, the lease, confirmed reads. */
export function quorumValue(groups: VoterGroups, valueOf: (id: NodeId) => number): number {
  return Math.min(Number.POSITIVE_INFINITY, ...groups.map((voters) => majorityValue(voters, valueOf)));
}

function groupOutcome(voters: readonly NodeId[], voteOf: (id: NodeId) => boolean | undefined): VoteOutcome {
  if (voters.length === 0) return 'won';
  const votes = voters.map(voteOf);
  const needed = majority(voters.length);
  const granted = votes.filter((vote) => vote === true).length;
  const missing = votes.filter((vote) => vote === undefined).length;
  if (granted >= needed) return 'won';
  return granted + missing >= needed ? 'pending' : 'lost';
}

/** Whether an election is decided by the votes counted so far; `undefined` = not heard of yet. */
export function voteOutcome(groups: VoterGroups, voteOf: (id: NodeId) => boolean | undefined): VoteOutcome {
  const outcomes = groups.map((voters) => groupOutcome(voters, voteOf));
  if (outcomes.includes('lost')) return 'lost';
  return outcomes.includes('pending') ? 'pending' : 'won';
}
