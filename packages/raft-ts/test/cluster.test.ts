import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { LocalCluster } from './local-cluster.ts';
import { word } from './word-machine.ts';

test('three nodes agree, and a lost leader is replaced without losing a word', async () => {
  await using cluster = await LocalCluster.start(3);
  const first = await cluster.leader();
  for (const text of ['a', 'b', 'c']) await first.raft.propose(word(text));
  const { term } = first.raft.status();
  await first.stop();

  const second = await cluster.leader();
  expect(second.raft.status().term).toBeGreaterThan(term);
  await second.raft.propose(word('d'));
  await cluster.startNode(first.name);
  await cluster.leader();
  await cluster.level();
  for (const { machine } of cluster.nodes.values()) expect(machine.words).toEqual(['a', 'b', 'c', 'd']);
  expect(cluster.failures).toEqual([]);
});

test('leadership is handed over on request', async () => {
  await using cluster = await LocalCluster.start(3);
  const first = await cluster.leader();
  await first.raft.propose(word('a'));
  expect(await first.raft.handOver()).toBe(true);
  const second = await cluster.leader();
  expect(second.name).not.toBe(first.name);
  await second.raft.propose(word('b'));
  expect(await second.raft.readBarrier()).toBe(true);
  await cluster.level();
  for (const { machine } of cluster.nodes.values()) expect(machine.words).toEqual(['a', 'b']);
});

test('a node that missed more than the log keeps gets the snapshot', async () => {
  await using cluster = await LocalCluster.start(3, { compactAtBytes: 4_000 });
  const leader = await cluster.leader();
  const [late] = cluster.followersOf(leader);
  await late?.stop();
  const texts = Array.from({ length: 300 }, (_, at) => `word ${at}`);
  for (let at = 0; at < texts.length; at += 50) {
    await Promise.all(texts.slice(at, at + 50).map(async (text) => leader.raft.propose(word(text))));
  }
  expect(leader.raft.status().firstIndex).toBeGreaterThan(1);
  const back = await cluster.startNode(late?.name ?? '');
  await cluster.leader();
  await cluster.level();
  expect(back.machine.restores).toBeGreaterThan(0);
  expect(back.machine.words).toEqual(texts);
});

test('only the leader takes proposals, and it says who that is', async () => {
  await using cluster = await LocalCluster.start(3);
  const leader = await cluster.leader();
  const [follower] = cluster.followersOf(leader);
  await expect(follower?.raft.propose(word('x'))).rejects.toMatchObject({
    reason: 'not_leader',
    leader: leader.name,
  });
  expect(await follower?.raft.readBarrier()).toBe(true);
});

test('a leader knows until when its followers elect nobody else', async () => {
  await using cluster = await LocalCluster.start(3, { readMode: 'lease' });
  const leader = await cluster.leader();
  expect(await leader.raft.until(() => leader.raft.leaseUntilMs() !== undefined, 10_000)).toBe(true);
  for (const follower of cluster.followersOf(leader)) expect(follower.raft.leaseUntilMs()).toBeUndefined();
});

test('strangers are refused and counted, and raise no term', async () => {
  await using cluster = await LocalCluster.start(3);
  const leader = await cluster.leader();
  const { term } = leader.raft.status();
  const address = leader.raft.transport.address;
  const frames = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([0, 0, 0, 4, 1, 2, 3, 4]),
    Buffer.from([255, 255, 255, 255]),
  ];
  for (const bytes of frames) {
    const socket = connect({ host: '127.0.0.1', port: address?.port ?? 0 });
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(bytes));
    await once(socket, 'close');
  }
  const { refused } = leader.raft.transport.counters;
  expect(refused).toEqual({ too_long: 2, malformed: 1 });
  expect(leader.raft.status()).toMatchObject({ role: 'leader', term });
});

test('a node with another secret is not heard', async () => {
  await using cluster = await LocalCluster.start(3);
  const leader = await cluster.leader();
  const [odd] = cluster.followersOf(leader);
  await odd?.stop();
  const { term } = leader.raft.status();
  const stranger = await cluster.startNode(odd?.name ?? '', { secret: 'another' });
  expect(await stranger.raft.until(({ role }) => role === 'preCandidate', 10_000)).toBe(true);
  expect(leader.raft.transport.counters.refused['unauthenticated']).toBeGreaterThan(0);
  expect(stranger.raft.transport.counters.refused['turned_away']).toBeGreaterThan(0);
  expect(leader.raft.status()).toMatchObject({ role: 'leader', term });
});
