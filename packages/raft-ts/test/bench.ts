import {
  type Entry,
  type HardState,
  MemoryStorage,
  type Message,
  type NodeId,
  type RaftConfig,
  raftConfig,
  RaftNode,
  type Ready,
} from '../src/index.ts';

export const ELECTION_TICKS = 10;

export function entry(term: number, index: number, text = ''): Entry {
  return { term, index, data: Buffer.from(text) };
}

/** Entries of these terms, from index 1 on. */
export function log(...terms: readonly number[]): readonly Entry[] {
  return terms.map((term, at) => entry(term, at + 1, `${term}`));
}

export interface Start {
  readonly hardState?: HardState;
  readonly entries?: readonly Entry[];
}

/** One node with its disk; the test is everything else. */
export class Bench {
  readonly storage: MemoryStorage;
  readonly applied: Entry[] = [];
  readonly readies: Ready[] = [];
  node: RaftNode;
  readonly #config: RaftConfig;

  constructor(options: Partial<RaftConfig> = {}, start: Start = {}) {
    this.#config = raftConfig({
      id: 1,
      peers: [1, 2, 3],
      random: () => 0,
      electionTicks: ELECTION_TICKS,
      heartbeatTicks: 1,
      preVote: false,
      checkQuorum: false,
      ...options,
    });
    this.storage = new MemoryStorage();
    this.storage.append(start.entries ?? []);
    if (start.hardState !== undefined) this.storage.setHardState(start.hardState);
    this.node = new RaftNode(this.#config, this.storage);
  }

  /** Does what the node asks for until it asks for nothing more; the messages it wants sent. */
  take(): readonly Message[] {
    const messages: Message[] = [];
    while (this.node.hasReady()) messages.push(...this.once());
    return messages;
  }

  /** One `Ready`, carried out. */
  once(): readonly Message[] {
    const ready = this.node.ready();
    this.readies.push(ready);
    if (ready.snapshot !== undefined) this.storage.applySnapshot(ready.snapshot);
    this.storage.append(ready.entries);
    if (ready.hardState !== undefined) this.storage.setHardState(ready.hardState);
    this.applied.push(...ready.committedEntries);
    this.node.advance(ready);
    return ready.messages;
  }

  /** What the node answers to `message`. */
  answer(message: Message): readonly Message[] {
    this.node.step(message);
    return this.take();
  }

  ticks(count: number): readonly Message[] {
    for (let at = 0; at < count; at += 1) this.node.tick();
    return this.take();
  }

  /** Elected by node 2 (and 3) in the term after the present one. */
  lead(): this {
    this.node.campaign();
    this.take();
    const { term } = this.node.status();
    for (const from of this.#config.peers.filter((id) => id !== this.#config.id)) {
      if (this.node.status().role === 'leader') break;
      this.node.step({ type: 'voteReply', from, to: this.#config.id, term, granted: true });
    }
    this.take();
    return this;
  }

  /** Node `from` holds everything up to `index`. */
  acknowledge(from: NodeId, index: number): readonly Message[] {
    const { id, term } = this.node.status();
    return this.answer({ type: 'appendAccepted', from, to: id, term, index });
  }

  /** Terms of the durable log. */
  terms(): readonly number[] {
    const entries = this.storage.entries(this.storage.firstIndex(), this.storage.lastIndex() + 1, Infinity);
    return (entries ?? []).map((each) => each.term);
  }

  /** The process ends; a new one starts from what was written. */
  restart(): void {
    this.node = new RaftNode(this.#config, this.storage);
  }
}

/** Several benches and the messages between them. */
export class Network {
  readonly benches: ReadonlyMap<NodeId, Bench>;
  readonly held: Message[] = [];

  constructor(benches: readonly Bench[]) {
    this.benches = new Map(benches.map((bench) => [bench.node.status().id, bench]));
  }

  static of(size: number, options: Partial<RaftConfig> = {}, starts: readonly Start[] = []): Network {
    const peers = Array.from({ length: size }, (_, at) => at + 1);
    return new Network(peers.map((id) => new Bench({ ...options, id, peers }, starts[id - 1])));
  }

  at(id: NodeId): Bench {
    const bench = this.benches.get(id);
    if (bench === undefined) throw new Error(`no node ${id}`);
    return bench;
  }

  /** Delivers until nothing moves; what `drop` names is lost. */
  settle(drop: (message: Message) => boolean = () => false): void {
    for (let moved = true; moved;) {
      for (const bench of this.benches.values()) this.held.push(...bench.take());
      const sent = this.held.splice(0);
      moved = sent.length > 0;
      for (const message of sent) if (!drop(message)) this.at(message.to).node.step(message);
    }
  }

  /** Delivers among `ids` only. */
  settleAmong(...ids: readonly NodeId[]): void {
    this.settle((message) => !ids.includes(message.to) || !ids.includes(message.from));
  }

  leaders(): readonly NodeId[] {
    return [...this.benches].filter(([, bench]) => bench.node.status().role === 'leader').map(([id]) => id);
  }
}
