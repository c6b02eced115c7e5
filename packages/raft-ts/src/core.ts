import { type RaftConfig } from './config.ts';
import { invariant } from './invariant.ts';
import { RaftLog } from './log.ts';
import { type Draft, type Message, type NodeId, NONE } from './message.ts';
import { Progress } from './progress.ts';
import { quorumValue, type VoterGroups } from './quorum.ts';
import { ReadQueue, type ReadState } from './read-queue.ts';
import { type Storage } from './storage.ts';

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** Everything one node knows. The rules that change it stand in election, replication, follower, read-index. */
export class Core {
  readonly config: RaftConfig;
  readonly id: NodeId;
  readonly groups: VoterGroups;
  /** All voters in ascending order, this node included. */
  readonly voters: readonly NodeId[];
  readonly log: RaftLog;
  role: Role = 'follower';
  term: number;
  vote: NodeId;
  leader: NodeId = NONE;
  readonly votes = new Map<NodeId, boolean>();
  progress = new Map<NodeId, Progress>();
  reads: ReadQueue;
  readStates: ReadState[] = [];

  /** Ticks since the start of this node; the time base of the lease. */
  ticks = 0;
  electionElapsed = 0;
  heartbeatElapsed = 0;
  randomizedElectionTicks = 0;
  /** Ticks since the last word of a leader. A restarted node may have given one its word just before. */
  sinceLeader: number;

  /** Follower that leadership is being handed to. */
  transferee: NodeId = NONE;
  /** A follower was asked to campaign in this term: no lease can be relied on any more. */
  transferSent = false;
  uncommittedBytes = 0;

  /** May be sent as soon as this `Ready` is persisted; none of them is to this node. */
  messages: Message[] = [];
  /** Promises: they speak of entries, votes and terms that must be durable first. May be to this node. */
  promises: Message[] = [];

  constructor(config: RaftConfig, storage: Storage) {
    const hard = storage.hardState();
    this.config = config;
    this.id = config.id;
    this.voters = config.peers.toSorted((left, right) => left - right);
    this.groups = [this.voters];
    this.log = new RaftLog(storage);
    this.term = hard.term;
    this.vote = hard.vote;
    this.sinceLeader = hard.term === 0 ? Number.POSITIVE_INFINITY : 0;
    this.reads = new ReadQueue(config.maxPendingReads);
    this.log.commitTo(Math.max(this.log.committed, hard.commit));
    if (config.applied > this.log.applied) this.log.appliedTo(config.applied);
    this.becomeFollower(this.term, NONE);
  }

  get isLeader(): boolean {
    return this.role === 'leader';
  }

  /** Puts id and term on a message. Votes and pre-votes name the term they speak of; the rest gets ours. */
  send(draft: Draft, term = this.term): void {
    invariant(draft.to !== this.id, `a ${draft.type} to oneself`);
    this.messages.push({ ...draft, from: this.id, term } as Message);
  }

  /** As `send`, for what must not leave before the present state is durable. */
  promise(draft: Draft, term = this.term): void {
    this.promises.push({ ...draft, from: this.id, term } as Message);
  }

  reset(term: number): void {
    if (term !== this.term) {
      this.term = term;
      this.vote = NONE;
    }
    this.leader = NONE;
    this.electionElapsed = 0;
    this.heartbeatElapsed = 0;
    this.drawElectionTimeout();
    this.transferee = NONE;
    this.transferSent = false;
    this.votes.clear();
    this.uncommittedBytes = 0;
    this.reads = new ReadQueue(this.config.maxPendingReads);
    const next = this.log.lastIndex + 1;
    this.progress = new Map(
      this.voters.map((id) => [id, new Progress(next, this.config.maxInflightMessages)] as const),
    );
    this.progressOf(this.id).match = this.log.lastIndex;
  }

  drawElectionTimeout(): void {
    const { electionTicks, random } = this.config;
    this.randomizedElectionTicks = electionTicks + Math.floor(random() * electionTicks);
  }

  becomeFollower(term: number, leader: NodeId): void {
    this.reset(term);
    this.role = 'follower';
    this.leader = leader;
  }

  progressOf(id: NodeId): Progress {
    const progress = this.progress.get(id);
    invariant(progress !== undefined, `node ${id} is not a voter`);
    return progress;
  }

  others(): readonly NodeId[] {
    return this.voters.filter((id) => id !== this.id);
  }

  /** Whether an entry of the own term is committed; before that a leader does not know the commit index (§8). */
  get committedInTerm(): boolean {
    return this.log.term(this.log.committed) === this.term;
  }

  /**
   * The tick at which the newest heartbeat that a quorum has acknowledged was sent; `undefined` without a lease.
   * Until `leaseTicks` after it no other node can have been elected (in read mode `lease`).
   */
  leaseTick(): number | undefined {
    if (!this.isLeader || this.transferee !== NONE || this.transferSent) return undefined;
    const tick = quorumValue(this.groups, (id) =>
      id === this.id ? this.ticks : this.progressOf(id).ackedTick,
    );
    return tick < 0 ? undefined : tick;
  }
}
