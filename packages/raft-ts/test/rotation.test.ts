import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { type RaftOptions, startRaft } from '../src/node/index.ts';
import { LocalCluster, type LocalNode } from './local-cluster.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { WordMachine } from './word-machine.ts';

// Nodes are started anew several times, on a machine that others may be using.
vi.setConfig({ testTimeout: 120_000 });

const OLD = { secret: 'old' };
const BOTH = { secret: 'new', previousSecret: 'old' };
const NEW = { secret: 'new' };

/** Resolves when every node has been answered by every other one, in both directions. */
async function meshed(nodes: readonly LocalNode[]): Promise<void> {
  await vi.waitFor(
    () => {
      for (const { name, raft } of nodes) {
        const reached = nodes.filter((_, at) => raft.transport.isConnected(at + 1)).length;
        expect([name, reached]).toEqual([name, nodes.length - 1]);
      }
    },
    { timeout: 30_000, interval: 5 },
  );
}

/** In the order of their names, which is the order of their ids. */
function inOrder(cluster: LocalCluster): readonly LocalNode[] {
  return cluster.peers.flatMap(({ name }) => cluster.nodes.get(name) ?? []);
}

test('node after node, every pair connects in both directions, and no proof is refused', async () => {
  await using cluster = await LocalCluster.start(3, OLD);
  await meshed(inOrder(cluster));
  const said: string[] = [];
  for (const stage of [BOTH, NEW]) {
    for (const { name } of cluster.peers) {
      await cluster.nodes.get(name)?.stop();
      await cluster.startNode(name, stage);
      await meshed(inOrder(cluster));
      for (const { raft } of cluster.nodes.values()) {
        expect(raft.transport.counters.refused).not.toHaveProperty('unauthenticated');
      }
      const text = `${name} has ${stage.secret}`;
      await cluster.say(text);
      said.push(text);
    }
  }
  await cluster.level();
  for (const { machine } of cluster.nodes.values()) {
    expect(machine.words).toEqual(expect.arrayContaining(said));
  }

  // Without the previous secret whoever has only that one is out.
  await cluster.nodes.get('n1')?.stop();
  const late = await cluster.startNode('n1', OLD);
  const early = cluster.nodes.get('n2');
  const refusals = () => ({
    turnedAway: late.raft.transport.counters.refused['turned_away'] ?? 0,
    unauthenticated: early?.raft.transport.counters.refused['unauthenticated'] ?? 0,
  });
  // Both sides count: who is refused, and who refuses.
  await vi.waitFor(() => expect(Math.min(...Object.values(refusals()))).toBeGreaterThan(0), {
    timeout: 30_000,
  });
  expect([1, 2, 3].filter((id) => late.raft.transport.isConnected(id))).toEqual([]);
  expect(early?.raft.transport.isConnected(1)).toBe(false);
});

test('with both secrets at hand a node with a third is still refused, and counted', async () => {
  await using cluster = await LocalCluster.start(3, BOTH, (name) =>
    name === 'n3' ? { secret: 'a third', previousSecret: 'a fourth' } : {},
  );
  const [first, second, stranger] = inOrder(cluster);
  await vi.waitFor(
    () => {
      expect(first?.raft.transport.isConnected(2)).toBe(true);
      expect(first?.raft.transport.counters.refused['unauthenticated']).toBeGreaterThan(0);
      expect(stranger?.raft.transport.counters.refused['unauthenticated']).toBeGreaterThan(0);
      expect(stranger?.raft.transport.counters.refused['turned_away']).toBeGreaterThan(0);
    },
    { timeout: 30_000 },
  );
  for (const node of [first, second]) expect(node?.raft.transport.isConnected(3)).toBe(false);
});

test.each<[string, Partial<RaftOptions>]>([
  ['an empty secret', { secret: '' }],
  ['an empty previous secret', { secret: 'new', previousSecret: '' }],
  ['a previous secret that is the present one', { secret: 'one', previousSecret: 'one' }],
  ['a previous secret alone', { previousSecret: 'old' }],
])('%s is refused before anything is opened', async (_what, secrets) => {
  await using directory = await temporaryDirectory();
  const own = join(directory.path, 'n1');
  const start = startRaft({
    clusterId: 'test',
    node: 'n1',
    peers: [{ name: 'n1', host: '127.0.0.1', port: 1 }],
    directory: own,
    machine: new WordMachine(),
    onFailure: (failure) => expect.unreachable(failure.message),
    ...secrets,
  });
  await expect(start).rejects.toThrow(/secret/);
  expect(existsSync(own)).toBe(false);
});
