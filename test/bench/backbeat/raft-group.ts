import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OwnedProcess } from '@whoosh/devkit';
import { freePort, until } from '@whoosh/testkit';
import { jsonLines } from './json-lines.ts';
import { type RaftNodeLine, type RaftNodePlan } from './raft-node-plan.ts';

const PROGRAM = fileURLToPath(new URL('./raft-node.ts', import.meta.url));
const SETTLE_TIMEOUT_MS = 60_000;
const CHECK_EVERY_MS = 2;

export type RaftWork = Pick<RaftNodePlan, 'timing' | 'work' | 'entryBytes' | 'single' | 'batched'>;

interface Node {
  readonly plan: RaftNodePlan;
  process: OwnedProcess | undefined;
  leader: string | null;
  term: number;
  isLeading: boolean;
}

export interface Leading {
  readonly node: string;
  readonly term: number;
  readonly atMs: number;
}

/** Raft nodes as processes, each with its log in a directory of its own, which outlives its process. */
export class RaftGroup implements AsyncDisposable {
  readonly #directory: string;
  readonly #nodes = new Map<string, Node>();
  readonly #leadings: Leading[] = [];
  readonly #lossesAtMs: number[] = [];
  readonly #text: string[] = [];
  measured: Extract<RaftNodeLine, { type: 'measured' }> | undefined;
  /** Measurements that were begun in vain. */
  interrupted = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** `reach` says at which port `from` finds the node that listens on `port`; its own when left out. */
  static async start(
    size: number,
    work: RaftWork,
    reach: (from: number, to: number, port: number) => number = (_from, _to, port) => port,
  ): Promise<RaftGroup> {
    const group = new RaftGroup(await mkdtemp(join(tmpdir(), 'whoosh-bench-raft-')));
    try {
      const ports = await Promise.all(Array.from({ length: size }, () => freePort()));
      for (const [at, bindPort] of ports.entries()) {
        const node = `n${at + 1}`;
        const peers = ports.map((port, to) => ({
          name: `n${to + 1}`,
          host: '127.0.0.1',
          port: reach(at, to, port),
        }));
        const plan = { ...work, node, peers, bindPort, directory: join(group.#directory, node) };
        group.#nodes.set(node, { plan, process: undefined, leader: null, term: 0, isLeading: false });
      }
      await Promise.all([...group.#nodes.keys()].map((name) => group.startNode(name)));
    } catch (cause) {
      await group[Symbol.asyncDispose]();
      throw cause;
    }
    return group;
  }

  async startNode(name: string): Promise<void> {
    const node = this.#node(name);
    node.process = await OwnedProcess.start({
      file: process.execPath,
      args: [PROGRAM, JSON.stringify(node.plan)],
      env: { PATH: process.env['PATH'] },
      onOutput: jsonLines<RaftNodeLine>(
        (line) => this.#hear(node, line),
        (text) => this.#text.push(`${name}: ${text}`),
      ),
    });
  }

  #node(name: string): Node {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  #hear(node: Node, line: RaftNodeLine): void {
    if (line.type === 'measured') this.measured ??= line;
    if (line.type === 'interrupted') {
      this.interrupted += 1;
      this.#text.push(`${node.plan.node}: interrupted: ${line.reason}`);
    }
    if (line.type === 'role') {
      [node.leader, node.term] = [line.leader, line.term];
      node.isLeading &&= line.role === 'leader';
      if (line.leader === null) this.#lossesAtMs.push(line.atMs);
    }
    if (line.type !== 'leading') return;
    node.isLeading = true;
    this.#leadings.push({ node: node.plan.node, term: line.term, atMs: line.atMs });
  }

  /** The last that was said, for the message of an error. */
  get story(): string {
    return this.#text.slice(-20).join('\n');
  }

  /** The node that leads and that all follow. */
  async leader(): Promise<{ readonly name: string; readonly term: number }> {
    return until(() => this.#settled(), {
      timeoutMs: SETTLE_TIMEOUT_MS,
      everyMs: CHECK_EVERY_MS,
      describe: () => `one leader that all follow: ${this.story}`,
    });
  }

  #settled(): { name: string; term: number } | undefined {
    const nodes = [...this.#nodes.values()];
    const leader = nodes.find(({ isLeading, leader: named, plan }) => isLeading && named === plan.node);
    if (leader === undefined) return undefined;
    const { term } = leader;
    const name = leader.plan.node;
    const isFollowed = nodes.every((node) => node.term === term && node.leader === name);
    return isFollowed ? { name, term } : undefined;
  }

  /** The first node after `term` that has committed an entry of its own term. */
  async leadingAfter(term: number): Promise<Leading> {
    return until(
      () => this.#leadings.filter((each) => each.term > term).toSorted((a, b) => a.atMs - b.atMs)[0],
      {
        timeoutMs: SETTLE_TIMEOUT_MS,
        everyMs: CHECK_EVERY_MS,
        describe: () => `a new leader: ${this.story}`,
      },
    );
  }

  /** When the first node saw that it has no leader any more. */
  lossSeenAfter(atMs: number): number {
    return Math.min(...this.#lossesAtMs.filter((each) => each >= atMs));
  }

  /** Returns as soon as the signal is sent; `gone` is awaited for one that ends the process. */
  signal(name: string, signal: NodeJS.Signals): void {
    const node = this.#node(name);
    node.process?.signal(signal);
    if (signal !== 'SIGKILL') return;
    node.isLeading = false;
    node.leader = null;
  }

  async gone(name: string): Promise<void> {
    await this.#node(name).process?.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#nodes.values()].map(async ({ process }) => process?.stop({ graceMs: 0 })));
    await rm(this.#directory, { recursive: true, force: true });
  }
}
