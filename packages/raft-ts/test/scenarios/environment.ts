import {
  MemoryStorage,
  type Message,
  type NodeId,
  type RaftConfig,
  raftConfig,
  RaftNode,
  type Snapshot,
} from '../../src/index.ts';
import { type Block } from './script.ts';
import {
  describeEntry,
  describeMessage,
  describeProgress,
  describeReady,
  describeState,
  messageName,
} from './describe.ts';

/** A command, or a way to use one, that this cluster does not offer: dynamic membership, asynchronous writes. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}

const ELECTION_TICKS = 3;
const HEARTBEAT_TICKS = 1;
const UNLIMITED = Number.MAX_SAFE_INTEGER;
const NODE_OPTIONS = new Set([
  'voters',
  'index',
  'inflight',
  'prevote',
  'checkquorum',
  'read-only',
  'content',
]);

/** A log whose snapshot is always of what was applied last, as if one were taken after every entry. */
class ScenarioStorage extends MemoryStorage {
  applied: Snapshot = { index: 0, term: 0, data: new Uint8Array() };

  override snapshot(): Snapshot {
    return this.applied;
  }

  compactTo(index: number): void {
    this.saveSnapshot(this.applied);
    this.compact(index);
  }
}

interface Member {
  readonly node: RaftNode;
  readonly storage: ScenarioStorage;
}

/** The cluster of a scenario: nodes without disk and clock, and a network that holds every message until told. */
export class Environment {
  readonly #members = new Map<NodeId, Member>();
  #network: Message[] = [];
  #voters: readonly NodeId[] = [];
  #silent = false;
  #output: string[] = [];

  /** Carries a block out; what it printed. Throws `Unsupported`. */
  run(block: Block): string {
    this.#output = [];
    const wasSilent = this.#silent;
    if (block.named.get('log-level') === 'none') this.#silent = true;
    this.#dispatch(block);
    const silent = this.#silent;
    if (block.named.has('log-level')) this.#silent = wasSilent;
    return silent || this.#output.length === 0 ? 'ok' : this.#output.join('\n');
  }

  #print(text: string, indent = ''): void {
    for (const line of text.split('\n')) this.#output.push(indent + line);
  }

  #member(id: NodeId): Member {
    const member = this.#members.get(id);
    if (member === undefined) throw new Error(`no node ${id}`);
    return member;
  }

  #dispatch(block: Block): void {
    const ids = block.positional.map(Number).filter((id) => Number.isInteger(id));
    const [first = 0, second = 0] = ids;
    switch (block.command) {
      case 'log-level':
        this.#silent = block.positional[0] === 'none';
        return;
      case 'add-nodes':
        return this.#addNodes(block, first);
      case 'campaign':
        this.#member(first).node.campaign();
        return;
      case 'propose':
        this.#member(first).node.propose(Buffer.from(block.positional[1] ?? ''));
        return;
      case 'tick-election':
        return this.#tick(first, ELECTION_TICKS);
      case 'tick-heartbeat':
        return this.#tick(first, HEARTBEAT_TICKS);
      case 'forget-leader':
        this.#member(first).node.forgetLeader();
        return;
      case 'report-unreachable':
        return this.#member(first).node.reportUnreachable(second);
      case 'transfer-leadership':
        this.#member(Number(block.named.get('from'))).node.transferLeadership(Number(block.named.get('to')));
        return;
      case 'set-randomized-election-timeout':
        return this.#member(first).node.setRandomizedElectionTimeout(Number(block.named.get('timeout')));
      case 'compact':
        this.#member(first).storage.compactTo(second);
        return this.#printLog(first);
      case 'send-snapshot':
        return this.#sendSnapshot(first, second);
      case 'raft-log':
        return this.#printLog(first);
      case 'raft-state':
        for (const { node } of this.#members.values()) this.#print(describeState(node.status()));
        return;
      case 'status':
        return this.#print(describeProgress(this.#member(first).node.status()));
      case 'process-ready':
        for (const id of ids) this.#processReady(id, ids.length > 1);
        return;
      case 'deliver-msgs':
        return this.#deliverCommand(block, ids);
      case 'stabilize':
        return this.#stabilize(ids.length > 0 ? ids : [...this.#members.keys()]);
      default:
        throw new Unsupported(block.command);
    }
  }

  #addNodes(block: Block, count: number): void {
    const unknown = [...block.named.keys()].filter((name) => !NODE_OPTIONS.has(name));
    const { named } = block;
    const start = this.#members.size;
    const voters = named.get('voters')?.split(',').map(Number) ?? this.#voters;
    const allVote = voters.includes(start + 1) && voters.includes(start + count);
    if (unknown.length > 0 || !allVote) throw new Unsupported(block.text);
    this.#voters = voters;
    const index = Number(named.get('index') ?? 0);
    for (let id = start + 1; id <= start + count; id += 1) {
      const storage = new ScenarioStorage();
      const snapshot = { index, term: 1, data: new Uint8Array() };
      if (index > 0) {
        storage.applySnapshot(snapshot);
        storage.applied = snapshot;
      }
      const config: RaftConfig = raftConfig({
        id,
        peers: this.#voters,
        random: () => 0,
        electionTicks: ELECTION_TICKS,
        heartbeatTicks: HEARTBEAT_TICKS,
        preVote: named.get('prevote') === 'true',
        checkQuorum: named.get('checkquorum') === 'true',
        readMode: named.get('read-only') === 'lease-based' ? 'lease' : 'safe',
        maxInflightMessages: Number(named.get('inflight') ?? UNLIMITED),
        maxBytesPerMessage: UNLIMITED,
        maxEntriesPerMessage: UNLIMITED,
        applied: index,
      });
      this.#members.set(id, { storage, node: new RaftNode(config, storage) });
    }
  }

  #tick(id: NodeId, ticks: number): void {
    const { node } = this.#member(id);
    for (let at = 0; at < ticks; at += 1) node.tick();
  }

  #printLog(id: NodeId): void {
    const { storage } = this.#member(id);
    const [first, last] = [storage.firstIndex(), storage.lastIndex()];
    if (first > last) return this.#print(`log is empty: first index=${first}, last index=${last}`);
    for (const entry of storage.entries(first, last + 1, UNLIMITED) ?? []) this.#print(describeEntry(entry));
  }

  #sendSnapshot(from: NodeId, to: NodeId): void {
    const { node, storage } = this.#member(from);
    const message = {
      type: 'snapshot',
      from,
      to,
      term: node.status().term,
      snapshot: storage.applied,
    } as const;
    this.#network.push(message);
    this.#print(describeMessage(message, this.#voters));
  }

  #processReady(id: NodeId, titled: boolean): void {
    const { node, storage } = this.#member(id);
    if (!node.hasReady()) return;
    const ready = node.ready();
    if (titled) this.#print(`> ${id} handling Ready`);
    this.#print(describeReady(ready, this.#voters), titled ? '  ' : '');
    if (ready.snapshot !== undefined) {
      storage.applySnapshot(ready.snapshot);
      storage.applied = ready.snapshot;
    }
    storage.append(ready.entries);
    if (ready.hardState !== undefined) storage.setHardState(ready.hardState);
    for (const { index, term, data } of ready.committedEntries) storage.applied = { index, term, data };
    this.#network.push(...ready.messages);
    node.advance(ready);
  }

  #deliverCommand(block: Block, ids: readonly NodeId[]): void {
    const type = block.named.get('type');
    const dropFor = (block.named.get('drop') ?? '').split(',').filter(Boolean).map(Number);
    for (const id of ids) this.#deliver(id, { type, indent: '', drop: false });
    for (const id of dropFor) this.#deliver(id, { type, indent: '', drop: true });
  }

  #deliver(to: NodeId, how: { type?: string | undefined; indent: string; drop: boolean }): void {
    const due = (message: Message): boolean =>
      message.to === to && (how.type === undefined || messageName(message.type) === how.type);
    const taken = this.#network.filter(due);
    this.#network = this.#network.filter((message) => !due(message));
    for (const message of taken) {
      const text = describeMessage(message, this.#voters);
      this.#print(how.drop ? `dropped: ${text}` : text, how.indent);
      if (how.drop) continue;
      const problem = this.#member(to).node.step(message);
      if (problem !== undefined) this.#print(problem, how.indent);
    }
  }

  #stabilize(ids: readonly NodeId[]): void {
    for (let busy = true; busy;) {
      busy = false;
      for (const id of ids) {
        if (!this.#member(id).node.hasReady()) continue;
        busy = true;
        this.#processReady(id, true);
      }
      for (const id of ids) {
        if (!this.#network.some((message) => message.to === id)) continue;
        busy = true;
        this.#print(`> ${id} receiving messages`);
        this.#deliver(id, { indent: '  ', drop: false });
      }
    }
  }
}
