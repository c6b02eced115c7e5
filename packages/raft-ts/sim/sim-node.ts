import {
  leaseUntil,
  type Message,
  type NodeId,
  NONE,
  raftConfig,
  RaftNode,
  type Ready,
} from '../src/index.ts';
import { type Checkers, Violation } from './checkers.ts';
import { SimDisk } from './disk.ts';
import { type EventQueue } from './event-queue.ts';
import { type Profile } from './profile.ts';
import { type Random } from './random.ts';

/** What a node needs of the world around it. */
export interface World {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly profile: Profile;
  readonly checkers: Checkers;
  readonly ids: readonly NodeId[];
  /** Faults are over; then also the load. */
  readonly phase: () => 'faults' | 'healed' | 'idle';
  send(message: Message): void;
  /** A leader came up; who else believes to hold a lease is looked at. */
  elected(id: NodeId, term: number): void;
  /** An acknowledgement came in, which may have lengthened a lease. */
  leaseRenewed(): void;
}

function needsNoDisk({ type }: Message): boolean {
  return type === 'append' || type === 'heartbeat';
}

const STATE_MULTIPLIER = 0x01000193;

/** One process with its disk and its clock. It crashes and starts again; the disk stays. */
export class SimNode {
  readonly id: NodeId;
  readonly disk = new SimDisk();
  readonly rate: number;
  readonly #world: World;
  node: RaftNode | undefined;
  applied = 0;
  state = 0;
  #boot = 0;
  #busy = false;
  #leading = false;
  #tickTimes: number[] = [];
  #reads = new Map<string, number>();
  #readSequence = 0;

  constructor(id: NodeId, world: World) {
    this.id = id;
    this.#world = world;
    const spread = world.profile.rateSpread;
    this.rate = world.random.between(1 - spread, 1 + spread);
  }

  get clock(): number {
    return this.#world.queue.now * this.rate;
  }

  start(): void {
    const { profile, ids, random } = this.#world;
    const snapshot = this.disk.live.snapshot();
    this.#boot += 1;
    this.#busy = false;
    this.#leading = false;
    this.#reads = new Map();
    this.applied = snapshot.index;
    this.state = snapshot.index === 0 ? 0 : Number(Buffer.from(snapshot.data).toString());
    const ratio = (1 - profile.rateSpread) / (1 + profile.rateSpread);
    const config = raftConfig({
      id: this.id,
      peers: ids,
      random: () => random.next(),
      electionTicks: profile.electionTicks,
      heartbeatTicks: profile.heartbeatTicks,
      preVote: profile.preVote,
      checkQuorum: profile.checkQuorum,
      readMode: profile.lease ? 'lease' : 'safe',
      leaseTicks: Math.max(1, Math.floor((profile.electionTicks - 1) * ratio)),
      snapshotRetryTicks: 4 * profile.electionTicks,
      maxEntriesPerMessage: profile.maxEntries,
      maxInflightMessages: profile.maxInflight,
    });
    this.node = new RaftNode(config, this.disk.live);
    this.#tickTimes = [this.clock];
    this.#later(random.between(0, profile.tickMs), () => this.#tick());
  }

  crash(): void {
    this.node = undefined;
    this.disk.crash(this.#world.random);
  }

  /** Runs only if this process is still the same then. */
  #later(delay: number, run: () => void): void {
    const boot = this.#boot;
    this.#world.queue.after(delay, () => {
      if (this.#boot === boot && this.node !== undefined) run();
    });
  }

  #tick(): void {
    const { profile } = this.#world;
    this.#tickTimes.push(this.clock);
    this.node?.tick();
    if (this.#world.phase() !== 'idle') this.#load();
    this.#later(profile.tickMs / this.rate, () => this.#tick());
    this.pump();
  }

  #load(): void {
    const { profile, random } = this.#world;
    if (random.chance(profile.proposalsPerTick)) {
      this.propose(`${this.id}.${this.#boot}.${random.int(0, 1e9)}`);
    }
    if (random.chance(profile.readsPerTick)) this.#read();
  }

  propose(text: string): boolean {
    const taken = this.node?.propose(Buffer.from(text)).ok ?? false;
    this.pump();
    return taken;
  }

  #read(): void {
    this.#readSequence += 1;
    const context = `${this.id}.${this.#boot}.${this.#readSequence}`;
    if (this.node?.readIndex(context) === true) this.#reads.set(context, this.#world.checkers.highest);
  }

  receive(message: Message): void {
    const problem = this.node?.step(message);
    if (problem !== undefined && problem !== 'overloaded') {
      throw new Violation(`node ${this.id} finds a ${message.type} of ${message.from} ${problem}`);
    }
    if (message.type === 'heartbeatReply') this.#world.leaseRenewed();
    this.pump();
  }

  /** The connection of `peer` closed. */
  hint(peer: NodeId): void {
    const { node } = this;
    if (node === undefined || node.status().leader !== peer || !node.forgetLeader()) return;
    const rank = this.#world.ids.filter((id) => id !== peer).indexOf(this.id);
    this.#later(rank * 8, () => {
      const { leader, role } = node.status();
      if (leader === NONE && role === 'follower') node.campaign();
      this.pump();
    });
    this.pump();
  }

  holdsLease(): boolean {
    const leaseTick = this.node?.status().leaseTick;
    const sentAtMs = leaseTick === undefined ? undefined : this.#tickTimes[leaseTick];
    if (sentAtMs === undefined) return false;
    const { electionTicks, tickMs, rateSpread } = this.#world.profile;
    const driftPpm = ((1 + rateSpread) / (1 - rateSpread) - 1) * 1e6;
    // The clocks here differ in rate only, and nothing happens between check and act.
    return this.clock < leaseUntil({ sentAtMs, electionTicks, tickMs, driftPpm, marginMs: 0 });
  }

  pump(): void {
    if (this.#busy || this.node?.hasReady() !== true) return;
    const { random, profile } = this.#world;
    const ready = this.node.ready();
    this.#check(ready);
    this.disk.write(ready);
    this.#busy = true;
    const covered = this.disk.pending;
    if (this.#fails()) return;
    // A leader writes its log while its followers write theirs, as the driver does it.
    this.#send(ready.messages.filter(needsNoDisk));
    if (!ready.mustSync) return this.#finish(ready);
    this.#later(random.between(profile.fsyncMs[0], profile.fsyncMs[1]), () => {
      this.disk.flush(covered);
      this.#finish(ready);
    });
  }

  #check(ready: Ready): void {
    const { checkers } = this.#world;
    if (ready.hardState !== undefined) checkers.hardState(this.id, this.disk.hardState, ready.hardState);
    if (this.#leading && ready.softState === undefined) {
      checkers.leaderAppends(this.id, this.disk.live.lastIndex(), ready.entries);
    }
    if (ready.softState !== undefined) this.#leading = ready.softState.role === 'leader';
  }

  #finish(ready: Ready): void {
    const { checkers } = this.#world;
    if (this.#fails()) return;
    if (ready.softState?.role === 'leader') {
      const { term } = this.disk.hardState;
      checkers.elected(term, this.id, this.disk.live);
      this.#world.elected(this.id, term);
    }
    this.#send(ready.messages.filter((message) => !needsNoDisk(message)));
    if (this.#fails()) return;
    this.#apply(ready);
    this.node?.advance(ready);
    this.#busy = false;
    this.#compact();
    this.pump();
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#world.checkers.sent(message, this.disk.durable);
      this.#world.send(message);
    }
  }

  /** Crashes now and then, at the points where it hurts most. */
  #fails(): boolean {
    const { random, profile } = this.#world;
    if (this.#world.phase() !== 'faults' || !random.chance(profile.crashAtPoint)) return false;
    this.crash();
    this.#world.queue.after(random.between(0, profile.downMs), () => {
      if (this.node === undefined) this.start();
    });
    return true;
  }

  #apply(ready: Ready): void {
    const { checkers } = this.#world;
    if (ready.snapshot !== undefined) {
      this.applied = ready.snapshot.index;
      this.state = Number(Buffer.from(ready.snapshot.data).toString());
      checkers.restored(this.id, this.applied, this.state);
    }
    for (const entry of ready.committedEntries) {
      if (entry.index !== this.applied + 1) {
        throw new Violation(`node ${this.id} applies ${entry.index} after ${this.applied}`);
      }
      this.applied = entry.index;
      for (const byte of [entry.term & 255, ...entry.data]) {
        this.state = Math.imul(this.state ^ byte, STATE_MULTIPLIER) >>> 0;
      }
      checkers.applied(this.id, entry, this.disk.hardState.term, this.state);
    }
    for (const { context, index } of ready.readStates) {
      const highest = this.#reads.get(context);
      if (highest !== undefined) checkers.read(this.id, index, highest);
    }
  }

  #compact(): void {
    const { compactEvery } = this.#world.profile;
    if (compactEvery === 0 || this.applied < this.disk.live.snapshot().index + compactEvery) return;
    const term = this.disk.live.term(this.applied);
    if (term === undefined) return;
    this.disk.compact({ index: this.applied, term, data: Buffer.from(String(this.state)) });
  }
}
