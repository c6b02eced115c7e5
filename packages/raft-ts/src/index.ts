/** Raft as a deterministic core; see the README for the caller's duties. */
export {
  type RaftConfig,
  RaftConfigError,
  type RaftOptions,
  raftConfig,
  type ReadMode,
  configProblems,
  validate,
} from './config.ts';
export { type Role } from './core.ts';
export { RaftInvariantError } from './invariant.ts';
export { leaseUntil, type LeaseTerms } from './lease.ts';
export {
  type Entry,
  type HardState,
  type Message,
  type MessageType,
  type NodeId,
  NONE,
  type Snapshot,
  type SnapshotPoint,
} from './message.ts';
export { type ProgressState } from './progress.ts';
export { majority, quorumValue, type VoteOutcome, voteOutcome, type VoterGroups } from './quorum.ts';
export { type ProposeRefusal, type ProposeResult, RaftNode } from './raft.ts';
export { type ReadState } from './read-queue.ts';
export { type Ready, type SoftState } from './ready.ts';
export { type PeerStatus, type Status } from './status.ts';
export { type StepError } from './step.ts';
export { EMPTY_HARD_STATE, MemoryStorage, type Storage } from './storage.ts';
