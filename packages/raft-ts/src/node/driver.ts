import { raftConfig } from '../config.ts';
import { leaseUntil } from '../lease.ts';
import { type Message, type NodeId, NONE, type VoteRequest } from '../message.ts';
import { type ProposeResult, RaftNode } from '../raft.ts';
import { type Ready } from '../ready.ts';
import { type Status } from '../status.ts';
import { RAFT_TIMING, type RaftOptions, type RaftTiming } from './driver-options.ts';
import { type FileStorage } from './file-storage.ts';
import { type Membership } from './membership.ts';
import { Proposals } from './proposals.ts';
import { Succession } from './succession.ts';
import { TickTimes } from './tick-times.ts';
import { Ticker } from './ticker.ts';
import { NO_TRANSPORT, type Transport, type TransportEvents } from './transport.ts';
import { type Committed, ProposalError, type ProposalFailure, Waiters } from './waiters.ts';

const COMPACT_AT_BYTES = 4 * 1024 * 1024;
const PROPOSAL_TIMEOUT_MS = 5_000;
const HAND_OVER_TIMEOUT_MS = 50;
const HAND_OVER_TRIES_MAX = 3;

export interface LeaseBounds {
  readonly driftPpm: number;
  readonly marginMs: number;
}

/** The lease of a cluster whose clocks are ordinary crystals; pass your own bounds where that is not so. */
export const LEASE_BOUNDS: LeaseBounds = { driftPpm: 1_000, marginMs: 10 };

/** One running node: core, log on disk, network and clock. Made by `startRaft`. */
export class Raft {
  readonly membership: Membership;
  readonly #options: RaftOptions;
  readonly #timing: RaftTiming;
  readonly #node: RaftNode;
  readonly #storage: FileStorage;
  readonly #id: NodeId;
  readonly #proposals = new Proposals();
  readonly #waiters = new Waiters();
  readonly #reads = new Map<string, { index: number | undefined; done: (ok: boolean) => void }>();
  readonly #watches = new Set<(ended: boolean) => void>();
  readonly #ticker: Ticker;
  readonly #tickTimes: TickTimes;
  #transport: Transport = NO_TRANSPORT;
  readonly #succession: Succession;
  #lostLeader: NodeId = NONE;
  #standTimer: NodeJS.Timeout | undefined;
  #flushMs = 0;
  #readSequence = 0;
  #applied: number;
  #appliedTerm: number;
  #ledTerm = 0;
  #stopping = false;
  #pumping: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(options: RaftOptions, membership: Membership, storage: FileStorage) {
    this.#options = options;
    this.membership = membership;
    this.#storage = storage;
    this.#timing = { ...RAFT_TIMING, ...options.timing };
    this.#id = membership.idOf(options.node);
    const { index, term, data } = storage.snapshot();
    if (index > 0) options.machine.restore(data, { index, term });
    this.#applied = index;
    this.#appliedTerm = term;
    const config = raftConfig({
      id: this.#id,
      peers: membership.ids,
      electionTicks: this.#timing.electionTicks,
      heartbeatTicks: this.#timing.heartbeatTicks,
      readMode: options.readMode ?? 'safe',
      random: options.random ?? Math.random,
    });
    this.#node = new RaftNode(config, storage);
    this.#succession = new Succession({ stepMs: this.#timing.hintStepMs, size: membership.peers.length });
    this.#tickTimes = new TickTimes(4 * this.#timing.electionTicks, performance.now());
    this.#ticker = new Ticker(this.#timing.tickMs, () => this.#tick());
  }

  /** What the network tells this node. */
  get transportEvents(): TransportEvents {
    return {
      onMessage: (message) => this.#receive(message),
      onPeerSilent: (id) => this.#peerSilent(id),
      onPeerUnreachable: (id) => {
        this.#node.reportUnreachable(id);
        this.#node.reportSnapshot(id, false);
      },
    };
  }

  start(transport: Transport): void {
    this.#transport = transport;
    this.#ticker.start();
    // Nobody else to wait for: lead at once.
    if (this.membership.peers.length === 1) this.#node.campaign();
    this.#pump();
  }

  get id(): NodeId {
    return this.#id;
  }

  get transport(): Transport {
    return this.#transport;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Bytes of the log file on disk. */
  get logBytes(): number {
    return this.#storage.fileBytes;
  }

  status(): Status {
    return this.#node.status();
  }

  /** Name of the leader that this node follows (or is), if any. */
  leaderName(): string | undefined {
    return this.membership.nameOf(this.#node.status().leader);
  }

  /**
   * The time on the monotonic clock (`performance.now()` of this thread) until which this leader's quorum has
   * promised to elect nobody else; `undefined` when it does not lead. The promise is strict in read mode `lease`
   * only; otherwise followers may take it back when this node's connection closes.
   */
  leaseUntilMs(bounds: LeaseBounds = LEASE_BOUNDS): number | undefined {
    const { leaseTick } = this.#node.status();
    const sentAtMs = leaseTick === undefined ? undefined : this.#tickTimes.at(leaseTick);
    if (sentAtMs === undefined) return undefined;
    const { electionTicks, tickMs } = this.#timing;
    return leaseUntil({ sentAtMs, electionTicks, tickMs, ...bounds });
  }

  /** Appends and returns at once; the entry comes to `machine.apply` when it is committed, or never. */
  offer(data: Uint8Array): ProposeResult {
    const result = this.#stopping
      ? ({ ok: false, reason: 'transferring', leader: this.#node.status().leader } as const)
      : this.#node.propose(data);
    this.#pump();
    return result;
  }

  /** Resolves when the entry is applied here. Throws `ProposalError`. */
  async propose(data: Uint8Array, timeoutMs = PROPOSAL_TIMEOUT_MS): Promise<Committed> {
    if (this.#failure !== undefined) throw new ProposalError('stopped', undefined);
    if (this.#stopping) throw new ProposalError('stopped', this.leaderName());
    const { promise, resolve } = Promise.withResolvers<Committed | ProposalFailure>();
    this.#proposals.add(data, (result) => {
      if (result.ok) this.#waiters.add({ index: result.index, term: result.term, settle: resolve });
      else resolve(result.reason);
    });
    const timer = setTimeout(() => {
      this.#waiters.drop(resolve);
      resolve('timeout');
    }, timeoutMs);
    this.#pump();
    const outcome = await promise;
    clearTimeout(timer);
    if (typeof outcome === 'string') throw new ProposalError(outcome, this.leaderName());
    return outcome;
  }

  /** Resolves true when the machine holds everything that was committed before the call; false when nobody could tell. */
  async readBarrier(timeoutMs = PROPOSAL_TIMEOUT_MS): Promise<boolean> {
    this.#readSequence += 1;
    const context = `${this.#options.node}/${this.#readSequence}`;
    if (this.#failure !== undefined || !this.#node.readIndex(context)) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#reads.set(context, { index: undefined, done: resolve });
    const timer = setTimeout(() => resolve(false), timeoutMs);
    this.#pump();
    const ok = await promise;
    clearTimeout(timer);
    this.#reads.delete(context);
    return ok;
  }

  /** Stands for election now; for a node that has reason to. */
  campaign(): boolean {
    const stands = this.#node.campaign();
    this.#pump();
    return stands;
  }

  /** Hands leadership to a peer; whether it succeeded shows in `onRole`. Leader only. */
  transferLeadership(name: string): boolean {
    const started = this.#node.transferLeadership(this.membership.idOf(name));
    this.#pump();
    return started;
  }

  /** Hands leadership to the follower that is furthest; false when none took it within the tries. */
  async handOver(): Promise<boolean> {
    const { progress, role } = this.#node.status();
    if (role !== 'leader') return true;
    const heirs = [...progress]
      .filter(([id, peer]) => id !== this.#id && peer.recentlyActive)
      .toSorted(([, left], [, right]) => right.match - left.match)
      .slice(0, HAND_OVER_TRIES_MAX);
    for (const [heir] of heirs) {
      this.#node.transferLeadership(heir);
      this.#pump();
      if (await this.#followsAnother(HAND_OVER_TIMEOUT_MS)) return true;
    }
    return this.#node.status().role !== 'leader';
  }

  async #followsAnother(timeoutMs: number): Promise<boolean> {
    return this.until(({ leader }) => leader !== NONE && leader !== this.#id, timeoutMs);
  }

  /** Resolves true as soon as `holds`, looked at after each round of work; false at the timeout or the end. */
  async until(holds: (status: Status) => boolean, timeoutMs: number): Promise<boolean> {
    if (holds(this.#node.status())) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const watch = (ended: boolean): void => {
      if (ended || holds(this.#node.status())) resolve(!ended);
    };
    const timer = setTimeout(() => resolve(false), timeoutMs);
    this.#watches.add(watch);
    if (this.#stopping) resolve(false);
    const held = await promise;
    this.#watches.delete(watch);
    clearTimeout(timer);
    return held;
  }

  /** Hands over when it leads, finishes what it has begun to write, and closes. Never rejects. */
  async stop({ handOver = true } = {}): Promise<void> {
    if (handOver && this.#failure === undefined && this.membership.peers.length > 1) await this.handOver();
    this.#halt();
    await this.#pumping;
    await this.#transport[Symbol.asyncDispose]();
  }

  #halt(): void {
    this.#stopping = true;
    this.#succession.end();
    clearTimeout(this.#standTimer);
    this.#ticker.stop();
    this.#proposals.drop('stopped');
    this.#waiters.stopped();
    for (const read of this.#reads.values()) read.done(false);
    for (const watch of this.#watches) watch(true);
  }

  #tick(): void {
    this.#tickTimes.push(performance.now());
    this.#node.tick();
    this.#pump();
  }

  #receive(message: Message): void {
    if (this.#stopping) return;
    if ((message.type === 'preVote' || message.type === 'vote') && !this.#admits(message)) return;
    try {
      this.#node.step(message);
    } catch (cause) {
      this.#fail(cause);
    }
    this.#pump();
  }

  /** The leader's connection closed: others may be elected now, the followers standing one after the other. */
  #peerSilent(id: NodeId): void {
    const { hintStepMs } = this.#timing;
    if (this.#stopping || hintStepMs === 0 || this.#node.status().leader !== id) return;
    if (!this.#node.forgetLeader()) return;
    this.#lostLeader = id;
    this.#succession.begin(this.membership.rankAfter(id, this.#id), performance.now());
    this.#armStand();
    this.#pump();
  }

  #armStand(): void {
    clearTimeout(this.#standTimer);
    const { dueMs } = this.#succession;
    if (dueMs === undefined) return;
    this.#standTimer = setTimeout(() => this.#standIfDue(), Math.max(0, dueMs - performance.now()));
  }

  #standIfDue(): void {
    const { leader, role } = this.#node.status();
    const nowMs = performance.now();
    if (leader !== NONE) this.#succession.end();
    else if (nowMs >= (this.#succession.dueMs ?? Number.POSITIVE_INFINITY)) {
      if (this.#succession.stands(role === 'candidate', nowMs, this.#flushMs)) this.campaign();
    }
    this.#armStand();
  }

  #admits({ type, from, lastIndex, lastTerm, transfer }: VoteRequest): boolean {
    const own = this.#node.status();
    if (transfer || own.leader !== NONE) return true;
    const rank = this.membership.rankAfter(this.#lostLeader, from);
    const log = lastTerm - own.lastTerm || lastIndex - own.lastIndex;
    return this.#succession.admits({ kind: type, rank, log }, performance.now());
  }

  #pump(): void {
    if (this.#pumping !== undefined || this.#stopping || !this.#hasWork()) return;
    this.#pumping = this.#work()
      .catch((cause: unknown) => this.#fail(cause))
      .finally(() => {
        this.#pumping = undefined;
        this.#pump();
      });
  }

  /** Takes what was proposed into the log first. */
  #hasWork(): boolean {
    this.#proposals.flush((data) => this.#node.proposeAll(data));
    return this.#node.hasReady();
  }

  async #work(): Promise<void> {
    while (!this.#stopping && this.#hasWork()) {
      const ready = this.#node.ready();
      const writes =
        ready.hardState !== undefined || ready.entries.length > 0 || ready.snapshot !== undefined;
      for (const message of ready.messages) if (needsNoDisk(message)) this.#transport.send(message);
      if (writes) await this.#persist(ready);
      for (const message of ready.messages) if (!needsNoDisk(message)) this.#transport.send(message);
      this.#apply(ready);
      this.#node.advance(ready);
      this.#report(ready);
      for (const watch of this.#watches) watch(false);
      await this.#compactIfLong();
    }
  }

  async #persist(ready: Ready): Promise<void> {
    const beganMs = performance.now();
    await this.#storage.persist(ready);
    if (ready.mustSync) this.#flushMs = performance.now() - beganMs;
  }

  #apply(ready: Ready): void {
    const { machine } = this.#options;
    if (ready.snapshot !== undefined) {
      const { index, term, data } = ready.snapshot;
      machine.restore(data, { index, term });
      this.#waiters.skipped(index);
      [this.#applied, this.#appliedTerm] = [index, term];
    }
    for (const entry of ready.committedEntries) {
      if (entry.data.byteLength > 0) machine.apply(entry);
      [this.#applied, this.#appliedTerm] = [entry.index, entry.term];
      this.#waiters.applied(entry.index, entry.term);
    }
    for (const { context, index } of ready.readStates) {
      const read = this.#reads.get(context);
      if (read !== undefined) read.index = index;
    }
    for (const read of this.#reads.values()) {
      if (read.index !== undefined && read.index <= this.#applied) read.done(true);
    }
  }

  #report(ready: Ready): void {
    const { term, role } = this.#node.status();
    if (ready.softState !== undefined) {
      const leader = this.membership.nameOf(ready.softState.leader);
      this.#options.onRole?.({ role: ready.softState.role, term, leader });
    }
    if (role === 'leader' && this.#appliedTerm === term && this.#ledTerm !== term) {
      this.#ledTerm = term;
      this.#options.onLeading?.(term);
    }
  }

  async #compactIfLong(): Promise<void> {
    const limit = this.#options.compactAtBytes ?? COMPACT_AT_BYTES;
    if (this.#storage.fileBytes <= limit || this.#applied <= this.#storage.snapshot().index) return;
    const data = this.#options.machine.snapshot();
    await this.#storage.compact({ index: this.#applied, term: this.#appliedTerm, data });
  }

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = cause instanceof Error ? cause : new Error('raft stopped', { cause });
    this.#halt();
    this.#options.onFailure(this.#failure);
  }
}

/**
 * A leader writes its log while its followers write theirs (thesis §10.2.1): its own copy is counted when it is durable,
 * like theirs. The term it speaks in was durable before it was elected.
 */
function needsNoDisk({ type }: Message): boolean {
  return type === 'append' || type === 'heartbeat';
}
