import { type NodeId } from '../src/index.ts';
import { Checkers } from './checkers.ts';
import { EventQueue } from './event-queue.ts';
import { SimNetwork } from './network.ts';
import { type Profile, type ProfileKind, profileOf } from './profile.ts';
import { Random } from './random.ts';
import { SimNode, type World } from './sim-node.ts';

export interface Outcome {
  readonly events: number;
  readonly leaders: number;
  readonly committed: number;
  /** Equal for equal runs: the same seed must do the same everywhere. */
  readonly trace: number;
}

const HEAL_AT = 0.75;
const CHECK_LOGS_EVERY_MS = 50;
const ELECTION_TIMEOUTS_TO_RECOVER = 10;
const LOOK_EVERY_MS = 20;
/** At the start several nodes may stand at once; without faults that is over by then. */
const SETTLED_AFTER_MS = 1_000;

class Simulation {
  readonly #profile: Profile;
  readonly #random: Random;
  readonly #queue = new EventQueue();
  readonly #checkers = new Checkers();
  readonly #nodes = new Map<NodeId, SimNode>();
  readonly #network: SimNetwork;
  #trace = 0;
  #leadersSettled = 0;
  #phase: ReturnType<World['phase']> = 'faults';

  constructor(seed: number, kind: ProfileKind) {
    this.#profile = profileOf(seed, kind);
    this.#random = new Random(seed);
    this.#network = new SimNetwork(this.#random, this.#queue, this.#profile, (message) => {
      this.#trace =
        Math.imul(this.#trace ^ (message.term * 31 + message.from * 7 + message.to), 0x01000193) >>> 0;
      this.#nodes.get(message.to)?.receive(message);
    });
    const ids = Array.from({ length: this.#profile.nodes }, (_, at) => at + 1);
    const world: World = {
      queue: this.#queue,
      random: this.#random,
      profile: this.#profile,
      checkers: this.#checkers,
      ids,
      phase: () => this.#phase,
      send: (message) => this.#network.send(message),
      elected: (id, term) => this.#elected(id, term),
      leaseRenewed: () => this.#oneLease(),
    };
    for (const id of ids) this.#nodes.set(id, new SimNode(id, world));
  }

  run(): Outcome {
    const { durationMs } = this.#profile;
    for (const node of this.#nodes.values()) node.start();
    this.#plan();
    this.#queue.runUntil(durationMs * HEAL_AT);
    this.#heal();
    this.#recover();
    return {
      events: this.#queue.count,
      leaders: this.#checkers.leaders,
      committed: this.#checkers.highest,
      trace: this.#trace,
    };
  }

  get #ids(): readonly NodeId[] {
    return [...this.#nodes.keys()];
  }

  #any(): SimNode {
    const nodes = [...this.#nodes.values()];
    return this.#random.pick(nodes as [SimNode, ...SimNode[]]);
  }

  #leaderNode(): SimNode | undefined {
    return [...this.#nodes.values()]
      .filter((node) => node.node?.status().role === 'leader')
      .toSorted((left, right) => right.disk.hardState.term - left.disk.hardState.term)[0];
  }

  #elected(id: NodeId, term: number): void {
    if (!this.#profile.lease) return;
    const others = [...this.#nodes.values()].filter((node) => node.id !== id && node.holdsLease());
    this.#checkers.leases(
      id,
      term,
      others.map((node) => node.id),
    );
  }

  #oneLease(): void {
    if (!this.#profile.lease) return;
    const holders = [...this.#nodes.values()].filter((node) => node.holdsLease());
    this.#checkers.oneLease(holders.map((node) => node.id));
  }

  #every(meanMs: number, act: () => void): void {
    if (meanMs === Number.POSITIVE_INFINITY) return;
    this.#queue.after(this.#random.exponential(meanMs), () => {
      if (this.#phase !== 'faults') return;
      act();
      this.#every(meanMs, act);
    });
  }

  #plan(): void {
    const profile = this.#profile;
    this.#every(profile.partitionEveryMs, () => this.#network.partition(this.#ids, this.#leaderNode()?.id));
    this.#every(profile.crashEveryMs, () => this.#crash());
    this.#every(profile.transferEveryMs, () => {
      this.#leaderNode()?.node?.transferLeadership(this.#any().id);
      this.#leaderNode()?.pump();
    });
    this.#every(profile.campaignEveryMs, () => {
      const node = this.#any();
      node.node?.campaign();
      node.pump();
    });
    this.#every(profile.hintEveryMs, () => {
      const leader = this.#leaderNode()?.id ?? 0;
      // Two that lose a quiet leader at once may well elect another; one alone may not.
      const alone = [...this.#nodes.values()].find((node) => node.id !== leader);
      (profile.quiet ? alone : this.#any())?.hint(leader);
    });
    this.#matchLogs();
    this.#queue.after(SETTLED_AFTER_MS, () => {
      this.#leadersSettled = this.#checkers.leaders;
    });
  }

  #crash(): void {
    const node = this.#random.chance(0.5) ? this.#any() : (this.#leaderNode() ?? this.#any());
    if (node.node === undefined) return;
    node.crash();
    if (this.#profile.hints) this.#hintOthers(node.id);
    this.#queue.after(this.#random.between(0, this.#profile.downMs), () => {
      if (node.node === undefined) node.start();
    });
  }

  #hintOthers(gone: NodeId): void {
    for (const peer of this.#nodes.values()) {
      if (peer.id === gone || !this.#network.connected(gone, peer.id)) continue;
      this.#queue.after(this.#random.between(0.1, 1), () => peer.hint(gone));
    }
  }

  #matchLogs(): void {
    this.#queue.after(CHECK_LOGS_EVERY_MS, () => {
      const [left, right] = [this.#any(), this.#any()];
      if (left !== right) this.#checkers.logsMatch(left.disk.live, right.disk.live);
      this.#matchLogs();
    });
  }

  #heal(): void {
    this.#phase = 'healed';
    this.#network.heal();
    for (const node of this.#nodes.values()) if (node.node === undefined) node.start();
  }

  /** Ten election timeouts, to see that what is reached stays; in a plain run only until it is reached. */
  #runUntil(isReached: () => boolean, electionMs: number): void {
    const deadline = this.#queue.now + ELECTION_TIMEOUTS_TO_RECOVER * electionMs;
    while (this.#queue.now < deadline) {
      if (this.#profile.kind === 'plain' && isReached()) return;
      this.#queue.runUntil(
        this.#profile.kind === 'plain' ? Math.min(deadline, this.#queue.now + LOOK_EVERY_MS) : deadline,
      );
    }
  }

  #hasOneLeader(): boolean {
    const leader = this.#leaderNode()?.id;
    return [...this.#nodes.values()].every(
      ({ node }) => leader !== undefined && node?.status().leader === leader,
    );
  }

  #proposeLast(): boolean {
    return this.#leaderNode()?.propose('last') ?? false;
  }

  #isLevel(): boolean {
    const first = this.#leaderNode()?.node?.status();
    if (!this.#hasOneLeader()) return false;
    return [...this.#nodes.values()].every((node) => {
      const status = node.node?.status();
      return status?.term === first?.term && status?.applied === first?.lastIndex;
    });
  }

  #recover(): void {
    const { electionTicks, tickMs, rateSpread, quiet } = this.#profile;
    const electionMs = (2 * electionTicks * tickMs) / (1 - rateSpread);
    let isTaken = false;
    this.#runUntil(() => (isTaken = this.#hasOneLeader() && this.#proposeLast()), electionMs);
    const leader = this.#leaderNode();
    this.#checkers.recovered(
      'leader',
      leader !== undefined,
      () => 'nobody leads after ten election timeouts',
    );
    const { leaders } = this.#checkers;
    this.#phase = 'idle';
    this.#checkers.recovered(
      'proposal',
      isTaken || this.#proposeLast(),
      () => 'the leader refuses a proposal',
    );
    this.#runUntil(() => this.#isLevel(), electionMs);
    const states = [...this.#nodes.values()].map((node) => node.node?.status());
    const view = (): string => JSON.stringify(states.map((status) => ({ ...status, progress: undefined })));
    const [first] = states;
    const same = (name: 'term' | 'leader' | 'lastIndex'): boolean =>
      states.every((status) => status?.[name] === first?.[name]);
    this.#checkers.recovered('one leader', same('term') && same('leader'), view);
    // A plain run ends as soon as the last hand-over or hint may still be under way.
    const isStable = leaders === this.#checkers.leaders;
    this.#checkers.recovered('stability', isStable || this.#profile.kind === 'plain', view);
    this.#checkers.recovered('equal logs', same('lastIndex'), view);
    this.#checkers.recovered(
      'all applied',
      states.every((status) => status?.applied === first?.lastIndex),
      view,
    );
    const needless = this.#checkers.leaders - this.#leadersSettled;
    if (quiet) this.#checkers.recovered('no needless election', needless === 0, view);
  }
}

/** Runs one seed to its end. Throws what went wrong. */
export function simulate(seed: number, kind: ProfileKind): Outcome {
  return new Simulation(seed, kind).run();
}
