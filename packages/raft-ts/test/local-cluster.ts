import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Peer, type Raft, type RaftOptions, startRaft } from '../src/node/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { word, WordMachine } from './word-machine.ts';

/** Below what systems give to outgoing connections: a port there is not lost between being found and being used. */
const PORT_MIN = 12_000;
const PORT_COUNT = 8_000;
const PROCESS_STRIDE = 97;
const TRIES_MAX = 1_000;
let tried = 0;

export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count && tries < TRIES_MAX; tries += 1) {
    const port = PORT_MIN + ((process.pid * PROCESS_STRIDE + tried) % PORT_COUNT);
    tried += 1;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
  if (!(await promise)) return false;
  await once(server.close(), 'close');
  return true;
}

export interface LocalNode {
  readonly name: string;
  readonly raft: Raft;
  readonly machine: WordMachine;
  stop(): Promise<void>;
}

const UNTIL_MS = 20_000;
const SAY_TRIES_MAX = 20;

/** Nodes of one cluster in this process, on loopback ports and in a directory of their own. */
export class LocalCluster implements AsyncDisposable {
  readonly peers: readonly Peer[];
  readonly nodes = new Map<string, LocalNode>();
  readonly failures: Error[] = [];
  readonly #directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  readonly #more: (name: string) => Partial<RaftOptions>;

  private constructor(
    peers: readonly Peer[],
    directory: Awaited<ReturnType<typeof temporaryDirectory>>,
    more: (name: string) => Partial<RaftOptions>,
  ) {
    this.peers = peers;
    this.#directory = directory;
    this.#more = more;
  }

  /** `more` for all nodes, `own` for each by its name. */
  static async start(
    size: number,
    more: Partial<RaftOptions> = {},
    own: (name: string) => Partial<RaftOptions> = () => ({}),
  ): Promise<LocalCluster> {
    const ports = await freePorts(size);
    const peers = ports.map((port, at) => ({ name: `n${at + 1}`, host: '127.0.0.1', port }));
    const cluster = new LocalCluster(peers, await temporaryDirectory(), (name) => ({
      ...more,
      ...own(name),
    }));
    await Promise.all(peers.map(async (peer) => cluster.startNode(peer.name)));
    return cluster;
  }

  async startNode(name: string, more: Partial<RaftOptions> = {}): Promise<LocalNode> {
    const machine = new WordMachine();
    const running = await startRaft({
      clusterId: 'test',
      node: name,
      peers: this.peers,
      directory: join(this.#directory.path, name),
      machine,
      secret: 'a secret',
      onFailure: (failure) => this.failures.push(failure),
      ...this.#more(name),
      ...more,
    });
    const stop = async (): Promise<void> => {
      this.nodes.delete(name);
      await running[Symbol.asyncDispose]();
    };
    const node = { name, machine, raft: running.raft, stop };
    this.nodes.set(name, node);
    return node;
  }

  /** The node that leads and is followed by all that run. */
  async leader(): Promise<LocalNode> {
    const deadline = performance.now() + UNTIL_MS;
    while (performance.now() < deadline) {
      const names = new Set([...this.nodes.values()].map((node) => node.raft.leaderName()));
      const [name] = names;
      const leader = name === undefined ? undefined : this.nodes.get(name);
      if (names.size === 1 && leader?.raft.status().role === 'leader') return leader;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    throw new Error('no leader');
  }

  /** Said to whoever leads, again when that one was just replaced. */
  async say(text: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const leader = await this.leader();
      try {
        await leader.raft.propose(word(text));
        return;
      } catch (cause) {
        if (tries === SAY_TRIES_MAX) throw cause;
      }
    }
  }

  followersOf(leader: LocalNode): readonly LocalNode[] {
    return [...this.nodes.values()].filter((node) => node !== leader);
  }

  /** Resolves when all running nodes have applied as much as the furthest. */
  async level(): Promise<void> {
    const nodes = [...this.nodes.values()];
    const furthest = Math.max(...nodes.map((node) => node.raft.status().commit));
    const reached = await Promise.all(
      nodes.map(async (node) => node.raft.until(({ applied }) => applied >= furthest, UNTIL_MS)),
    );
    if (reached.includes(false)) throw new Error('the nodes do not come level');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.nodes.values()].map(async (node) => node.stop()));
    await this.#directory[Symbol.asyncDispose]();
  }
}
