import { type RaftConfig, validate } from './config.ts';
import { Core } from './core.ts';
import { campaign } from './election.ts';
import { forgetLeader } from './follower.ts';
import { invariant } from './invariant.ts';
import { type Message, type NodeId, NONE } from './message.ts';
import { readAtLeader } from './read-index.ts';
import { type Ready, ReadyTracker } from './ready.ts';
import {
  appendOwn,
  broadcastAppend,
  snapshotReported,
  startTransfer,
  unreachableReported,
} from './replication.ts';
import { type Status, statusOf } from './status.ts';
import { dispatch, stepRemote, type StepError } from './step.ts';
import { type Storage } from './storage.ts';
import { tick } from './tick.ts';

/**
 * Why a proposal was not taken; nothing was appended. `no_leader`, `not_leader`: ask the leader. `transferring`:
 * leadership is being handed over. `overloaded`: too much waits for its commit. `too_large`, `empty`: never.
 */
export type ProposeRefusal =
  'no_leader' | 'not_leader' | 'transferring' | 'overloaded' | 'too_large' | 'empty';

/** A taken proposal is committed if and only if an entry with this index *and* term is applied. */
export type ProposeResult =
  | { readonly ok: true; readonly index: number; readonly term: number }
  | { readonly ok: false; readonly reason: ProposeRefusal; readonly leader: NodeId };

/** One voter of a Raft cluster, as a state machine without clock, disk, network and chance of its own. */
export class RaftNode {
  readonly #core: Core;
  readonly #tracker: ReadyTracker;

  /** Continues from what `storage` holds. Throws `RaftConfigError`. */
  constructor(config: RaftConfig, storage: Storage) {
    validate(config);
    this.#core = new Core(config, storage);
    this.#tracker = new ReadyTracker(this.#core);
  }

  /** To be called every tick length; may be called in a burst after a pause. */
  tick(): void {
    tick(this.#core);
  }

  /** A message from a peer, in any order, any number of times. Throws only when this node's log is damaged. */
  step(message: Message): StepError | undefined {
    return stepRemote(this.#core, message);
  }

  propose(data: Uint8Array): ProposeResult {
    return this.proposeAll([data]);
  }

  /** Appends all or none, in one append per follower; the result is that of the first. */
  proposeAll(data: readonly Uint8Array[]): ProposeResult {
    const core = this.#core;
    const reason = this.#refusal(data);
    if (reason !== undefined) return { ok: false, reason, leader: core.leader };
    const index = appendOwn(core, data);
    broadcastAppend(core);
    return { ok: true, index, term: core.term };
  }

  #refusal(data: readonly Uint8Array[]): ProposeRefusal | undefined {
    const core = this.#core;
    const { maxEntryBytes, maxUncommittedBytes } = core.config;
    const bytes = data.reduce((sum, each) => sum + each.byteLength, 0);
    if (data.length === 0 || data.some((each) => each.byteLength === 0)) return 'empty';
    if (data.some((each) => each.byteLength > maxEntryBytes)) return 'too_large';
    if (!core.isLeader) return core.leader === NONE ? 'no_leader' : 'not_leader';
    if (core.transferee !== NONE) return 'transferring';
    const full = core.uncommittedBytes > 0 && core.uncommittedBytes + bytes > maxUncommittedBytes;
    return full ? 'overloaded' : undefined;
  }

  /** Stands for election now. False when it leads already, awaits a snapshot, or is bound by a lease. */
  campaign(): boolean {
    return campaign(this.#core);
  }

  /** False for anyone but a follower with a leader; always false in read mode `lease`. */
  forgetLeader(): boolean {
    return forgetLeader(this.#core);
  }

  /** Hands leadership to `to` once it has caught up; given up after an election time. Leader only. */
  transferLeadership(to: NodeId): boolean {
    const core = this.#core;
    if (!core.isLeader || !core.voters.includes(to) || to === core.id) return false;
    startTransfer(core, to);
    return true;
  }

  /**
   * Asks for an index to read at; it comes as a `readState` with the same context, or never (leader lost, message
   * lost): ask again. False when nobody can be asked.
   */
  readIndex(context: string): boolean {
    const core = this.#core;
    if (core.isLeader) return readAtLeader(core, core.id, context);
    if (core.leader === NONE) return false;
    core.send({ type: 'readIndex', to: core.leader, context });
    return true;
  }

  /** For tests and for rank-based standing; at least 1, with a lease at least `electionTicks`. */
  setRandomizedElectionTimeout(ticks: number): void {
    const { electionTicks, readMode } = this.#core.config;
    invariant(ticks >= (readMode === 'lease' ? electionTicks : 1), 'an election timeout is too short');
    this.#core.randomizedElectionTicks = ticks;
  }

  /** Messages to a peer got lost (its connection broke). Leader only, otherwise without effect. */
  reportUnreachable(id: NodeId): void {
    if (this.#core.isLeader) unreachableReported(this.#core, id);
  }

  /** What became of a snapshot that was sent: without it a lost one would stop the follower for good. */
  reportSnapshot(id: NodeId, received: boolean): void {
    if (this.#core.isLeader) snapshotReported(this.#core, id, received);
  }

  hasReady(): boolean {
    return !this.#tracker.isOpen && this.#tracker.isDue(this.#core);
  }

  /** The next duties. One at a time: `advance` first. Ticks and messages may come in between. */
  ready(): Ready {
    invariant(!this.#tracker.isOpen, 'the last Ready has not been advanced');
    return this.#tracker.open(this.#core);
  }

  /** The duties of `ready` are done. */
  advance(ready: Ready): void {
    const core = this.#core;
    const toSelf = this.#tracker.close(ready);
    invariant(toSelf !== undefined, 'advance of a Ready that is not open');
    if (ready.snapshot !== undefined) core.log.snapshotStable(ready.snapshot.index);
    const last = ready.entries.at(-1);
    if (last !== undefined) core.log.stableTo(last);
    const applied = ready.committedEntries.at(-1);
    if (applied !== undefined) {
      core.log.appliedTo(Math.max(core.log.applied, applied.index));
      const bytes = ready.committedEntries.reduce((sum, entry) => sum + entry.data.byteLength, 0);
      core.uncommittedBytes = Math.max(0, core.uncommittedBytes - bytes);
    }
    for (const message of toSelf) this.#keptPromise(message);
  }

  /** A vote for oneself, or an own entry, is durable now and counts, unless the term has moved on. */
  #keptPromise(message: Message): void {
    const ofPreVote = message.type === 'preVoteReply' && message.term === this.#core.term + 1;
    if (message.term === this.#core.term || ofPreVote) dispatch(this.#core, message);
  }

  status(): Status {
    return statusOf(this.#core);
  }
}
