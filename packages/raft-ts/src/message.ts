/** A node of the cluster: a positive integer. Drivers map names to ids; zero means "nobody". */
export type NodeId = number;

export const NONE: NodeId = 0;

/** One command of the replicated log. Empty data marks the entry with which a new leader opens its term. */
export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly data: Uint8Array;
}

/** What must survive a crash before anything that depends on it leaves the node (Raft §5, figure 2). */
export interface HardState {
  readonly term: number;
  /** The candidate this node voted for in `term`, or `NONE`. */
  readonly vote: NodeId;
  readonly commit: number;
}

export interface SnapshotPoint {
  readonly index: number;
  readonly term: number;
}

/** The state machine as of `index`, standing in for all entries up to it (Raft §7). */
export interface Snapshot extends SnapshotPoint {
  readonly data: Uint8Array;
}

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  /** The sender's term; in a pre-vote and its granting reply the term that is being asked for. */
  readonly term: number;
}

/** RequestVote (§5.2), and the pre-vote that asks without raising a term (thesis §9.6). */
export interface VoteRequest extends Envelope {
  readonly type: 'preVote' | 'vote';
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Set when the leader itself asked for this election; such a vote passes stickiness (thesis §3.10). */
  readonly transfer: boolean;
}

export interface VoteReply extends Envelope {
  readonly type: 'preVoteReply' | 'voteReply';
  readonly granted: boolean;
}

/** AppendEntries with or without entries (§5.3). */
export interface AppendRequest extends Envelope {
  readonly type: 'append';
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
}

/** The follower holds everything up to `index`. Index 0 only carries the sender's higher term. */
export interface AppendAccepted extends Envelope {
  readonly type: 'appendAccepted';
  readonly index: number;
}

/** The follower does not hold `prevIndex`; the hint is the last point at which the logs may agree. */
export interface AppendRejected extends Envelope {
  readonly type: 'appendRejected';
  readonly prevIndex: number;
  readonly hintIndex: number;
  readonly hintTerm: number;
}

/**
 * Keeps followers from campaigning. `sentTick` (the leader's tick count at sending) and `readRound` come back in
 * the reply: the leader learns how old the quorum's agreement is, and which reads it confirms.
 */
export interface Heartbeat extends Envelope {
  readonly type: 'heartbeat';
  readonly commit: number;
  readonly sentTick: number;
  readonly readRound: number;
}

export interface HeartbeatReply extends Envelope {
  readonly type: 'heartbeatReply';
  readonly sentTick: number;
  readonly readRound: number;
}

export interface SnapshotRequest extends Envelope {
  readonly type: 'snapshot';
  readonly snapshot: Snapshot;
}

/** The leader asks the receiver to campaign at once (thesis §3.10). */
export interface TimeoutNow extends Envelope {
  readonly type: 'timeoutNow';
}

export interface ReadRequest extends Envelope {
  readonly type: 'readIndex';
  readonly context: string;
}

export interface ReadReply extends Envelope {
  readonly type: 'readIndexReply';
  readonly context: string;
  readonly index: number;
}

export type Message =
  | VoteRequest
  | VoteReply
  | AppendRequest
  | AppendAccepted
  | AppendRejected
  | Heartbeat
  | HeartbeatReply
  | SnapshotRequest
  | TimeoutNow
  | ReadRequest
  | ReadReply;

export type MessageType = Message['type'];

type WithoutTerm<M> = M extends Message ? Omit<M, 'from' | 'term'> : never;

/** A message before the sender's id and term are put on it. */
export type Draft = WithoutTerm<Message>;
