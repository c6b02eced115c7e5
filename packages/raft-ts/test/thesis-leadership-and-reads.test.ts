import { describe, expect, test } from 'vitest';
import { type RaftConfig } from '../src/index.ts';
import { Bench, ELECTION_TICKS, Network } from './bench.ts';

const data = (text: string): Uint8Array => Buffer.from(text);
const heartbeat = { type: 'heartbeat', from: 2, to: 1, commit: 0, sentTick: 0, readRound: 0 } as const;
const vote = { type: 'vote', from: 3, to: 1, lastIndex: 9, lastTerm: 9, transfer: false } as const;
const careful: Partial<RaftConfig> = { preVote: true, checkQuorum: true };
const lease: Partial<RaftConfig> = { ...careful, readMode: 'lease' };

describe('pre-vote (thesis §9.6)', () => {
  test('asking changes neither term nor vote, on either side', () => {
    const network = Network.of(3, { preVote: true });
    const bench = network.at(1);
    bench.node.campaign();
    const requests = bench.take();
    expect(requests).toMatchObject([
      { type: 'preVote', term: 1 },
      { type: 'preVote', term: 1 },
    ]);
    expect(bench.node.status()).toMatchObject({ role: 'preCandidate', term: 0, vote: 0 });
    const [request] = requests;
    if (request !== undefined) network.at(request.to).answer(request);
    expect(network.at(2).node.status()).toMatchObject({ role: 'follower', term: 0, vote: 0 });
  });

  test('a majority of yes starts the real election', () => {
    const bench = new Bench({ preVote: true });
    bench.node.campaign();
    bench.take();
    bench.answer({ type: 'preVoteReply', from: 2, to: 1, term: 1, granted: true });
    expect(bench.node.status()).toMatchObject({ role: 'candidate', term: 1, vote: 1 });
  });

  test('a vote does not count as a pre-vote, nor a pre-vote of another term', () => {
    const bench = new Bench({ preVote: true }, { hardState: { term: 3, vote: 1, commit: 0 } });
    bench.node.campaign();
    bench.take();
    bench.answer({ type: 'voteReply', from: 2, to: 1, term: 3, granted: true });
    bench.answer({ type: 'preVoteReply', from: 2, to: 1, term: 7, granted: true });
    expect(bench.node.status()).toMatchObject({ role: 'preCandidate', term: 3 });
  });

  test('a node that was away does not depose the leader', () => {
    const network = Network.of(3, careful);
    network.at(1).node.campaign();
    network.settle();
    for (let at = 0; at < 5; at += 1) network.held.push(...network.at(3).ticks(2 * ELECTION_TICKS));
    network.settle();
    expect(network.at(1).node.status()).toMatchObject({ role: 'leader', term: 1 });
    network.held.push(...network.at(1).ticks(1));
    network.settle();
    expect(network.at(3).node.status()).toMatchObject({ role: 'follower', term: 1, leader: 1 });
  });

  test('a refused pre-candidate that gives up keeps its vote of the term', () => {
    const bench = new Bench({ preVote: true }, { hardState: { term: 4, vote: 2, commit: 0 } });
    bench.node.campaign();
    bench.take();
    for (const from of [2, 3]) bench.answer({ type: 'preVoteReply', from, to: 1, term: 4, granted: false });
    expect(bench.node.status()).toMatchObject({ role: 'follower', term: 4, vote: 2 });
    expect(bench.answer({ ...vote, term: 4 })).toMatchObject([{ granted: false }]);
  });

  test('a refusal names the higher term, and the pre-candidate follows it', () => {
    const bench = new Bench({ preVote: true });
    bench.node.campaign();
    bench.take();
    bench.answer({ type: 'preVoteReply', from: 2, to: 1, term: 6, granted: false });
    expect(bench.node.status()).toMatchObject({ role: 'follower', term: 6 });
  });

  test('a node whose term ran ahead alone is met by the leader, and can rejoin', () => {
    const bench = new Bench(careful, { hardState: { term: 8, vote: 1, commit: 0 } });
    expect(bench.answer({ ...heartbeat, term: 2 })).toMatchObject([
      { type: 'appendAccepted', to: 2, term: 8, index: 0 },
    ]);
    expect(bench.answer({ ...vote, type: 'preVote', term: 3 })).toMatchObject([
      { type: 'preVoteReply', term: 8, granted: false },
    ]);
  });
});

describe('check-quorum and stickiness (thesis §4.2.3, §6.2)', () => {
  test('a leader that hears no majority for an election time steps down', () => {
    const bench = new Bench({ checkQuorum: true }).lead();
    bench.acknowledge(2, 1);
    bench.ticks(ELECTION_TICKS);
    expect(bench.node.status().role).toBe('leader');
    bench.ticks(ELECTION_TICKS);
    expect(bench.node.status()).toMatchObject({ role: 'follower', term: 1, leader: 0 });
  });

  test('a leader that hears a majority stays', () => {
    const bench = new Bench({ checkQuorum: true }).lead();
    for (let at = 0; at < 5; at += 1) {
      bench.answer({ type: 'heartbeatReply', from: 2, to: 1, term: 1, sentTick: 0, readRound: 0 });
      bench.ticks(ELECTION_TICKS);
    }
    expect(bench.node.status().role).toBe('leader');
  });

  test.each([
    ['vote', false, 'ignored'],
    ['preVote', false, 'ignored'],
    ['vote', true, 'answered'],
  ] as const)('within an election time of a leader a %s (transfer %s) is %s', (type, transfer, reaction) => {
    const bench = new Bench({ checkQuorum: true });
    bench.answer({ ...heartbeat, term: 1 });
    bench.ticks(ELECTION_TICKS - 1);
    expect(bench.answer({ ...vote, type, transfer, term: 2 })).toHaveLength(reaction === 'ignored' ? 0 : 1);
    if (reaction === 'ignored') expect(bench.node.status()).toMatchObject({ term: 1, leader: 2 });
  });

  test('after an election time without a leader votes are given', () => {
    const bench = new Bench({ checkQuorum: true, random: () => 0.99 });
    bench.answer({ ...heartbeat, term: 1 });
    bench.ticks(ELECTION_TICKS);
    expect(bench.answer({ ...vote, term: 2 })).toMatchObject([{ granted: true }]);
  });

  test('a forgotten leader binds nobody, but the term and the vote stay', () => {
    const bench = new Bench({ checkQuorum: true });
    bench.answer({ ...heartbeat, term: 1 });
    expect(bench.node.forgetLeader()).toBe(true);
    expect(bench.node.forgetLeader()).toBe(false);
    expect(bench.node.status()).toMatchObject({ role: 'follower', term: 1, leader: 0 });
    expect(bench.answer({ ...vote, term: 2 })).toMatchObject([{ granted: true }]);
  });

  test('leaders and candidates have no leader to forget', () => {
    expect(new Bench().lead().node.forgetLeader()).toBe(false);
    const candidate = new Bench();
    candidate.node.campaign();
    expect(candidate.node.forgetLeader()).toBe(false);
  });
});

describe('leadership transfer (thesis §3.10)', () => {
  test('a follower that has everything is told at once', () => {
    const bench = new Bench().lead();
    bench.acknowledge(2, 1);
    expect(bench.node.transferLeadership(2)).toBe(true);
    expect(bench.take()).toMatchObject([{ type: 'timeoutNow', to: 2 }]);
  });

  test('one that lags is brought level first', () => {
    const bench = new Bench().lead();
    bench.acknowledge(3, 1);
    bench.node.transferLeadership(2);
    expect(bench.take().map(({ type }) => type)).not.toContain('timeoutNow');
    expect(bench.acknowledge(2, 1)).toContainEqual({ type: 'timeoutNow', from: 1, to: 2, term: 1 });
  });

  test('the heir stands without asking first, and passes stickiness', () => {
    const network = Network.of(3, careful);
    network.at(1).node.campaign();
    network.settle();
    network.at(1).node.transferLeadership(3);
    network.settle();
    expect(network.leaders()).toEqual([3]);
    expect(network.at(3).node.status().term).toBe(2);
  });

  test('no proposals are taken meanwhile, and again after an election time', () => {
    const bench = new Bench().lead();
    bench.acknowledge(2, 1);
    bench.node.transferLeadership(2);
    expect(bench.node.propose(data('x'))).toMatchObject({ ok: false, reason: 'transferring' });
    bench.ticks(ELECTION_TICKS);
    expect(bench.node.propose(data('x'))).toMatchObject({ ok: true });
  });

  test('a leader transfers to nobody else than another voter', () => {
    const bench = new Bench().lead();
    expect([1, 9].map((to) => bench.node.transferLeadership(to))).toEqual([false, false]);
    expect(new Bench().node.transferLeadership(2)).toBe(false);
  });
});

describe('linearizable reads (thesis §6.4)', () => {
  test('a read waits for the first commit of the term and for a quorum', () => {
    const bench = new Bench().lead();
    expect(bench.node.readIndex('early')).toBe(true);
    expect(bench.take()).toEqual([]);
    const asked = bench.acknowledge(2, 1).find((message) => message.type === 'heartbeat');
    expect(asked).toMatchObject({ readRound: 1 });
    expect(bench.readies.flatMap(({ readStates }) => readStates)).toEqual([]);
    bench.answer({ type: 'heartbeatReply', from: 3, to: 1, term: 1, sentTick: 0, readRound: 1 });
    expect(bench.readies.flatMap(({ readStates }) => readStates)).toEqual([{ context: 'early', index: 1 }]);
  });

  test('an answer to an older heartbeat confirms nothing', () => {
    const bench = new Bench().lead();
    bench.acknowledge(2, 1);
    bench.node.readIndex('r');
    bench.take();
    bench.answer({ type: 'heartbeatReply', from: 3, to: 1, term: 1, sentTick: 0, readRound: 0 });
    expect(bench.readies.flatMap(({ readStates }) => readStates)).toEqual([]);
  });

  test('a follower asks the leader', () => {
    const network = Network.of(3);
    network.at(1).node.campaign();
    network.settle();
    expect(network.at(2).node.readIndex('mine')).toBe(true);
    network.settle();
    expect(network.at(2).readies.flatMap(({ readStates }) => readStates)).toEqual([
      { context: 'mine', index: 1 },
    ]);
  });

  test('nobody can be asked without a leader, and not without end', () => {
    expect(new Bench().node.readIndex('r')).toBe(false);
    const bench = new Bench({ maxPendingReads: 2 }).lead();
    expect(['a', 'b', 'c'].map((context) => bench.node.readIndex(context))).toEqual([true, true, false]);
  });
});

describe('the lease (thesis §6.4.1)', () => {
  function leader(): Bench {
    const bench = new Bench(lease);
    bench.node.campaign();
    bench.take();
    bench.answer({ type: 'preVoteReply', from: 2, to: 1, term: 1, granted: true });
    bench.answer({ type: 'voteReply', from: 2, to: 1, term: 1, granted: true });
    bench.acknowledge(2, 1);
    return bench;
  }
  const reply = { type: 'heartbeatReply', from: 2, to: 1, term: 1, readRound: 0 } as const;

  test('it counts from when the acknowledged heartbeat was sent', () => {
    const bench = leader();
    expect(bench.node.status().leaseTick).toBeUndefined();
    const [sent] = bench.ticks(3).filter((message) => message.type === 'heartbeat');
    expect(sent).toMatchObject({ sentTick: 1 });
    bench.ticks(4);
    bench.answer({ ...reply, sentTick: 1 });
    expect(bench.node.status()).toMatchObject({ leaseTick: 1, tick: 7 });
    bench.answer({ ...reply, sentTick: 0 });
    expect(bench.node.status().leaseTick).toBe(1);
  });

  test('it needs a quorum: of five, two others', () => {
    const bench = new Bench({ ...lease, peers: [1, 2, 3, 4, 5], preVote: false });
    bench.node.campaign();
    bench.take();
    for (const from of [2, 3]) bench.answer({ type: 'voteReply', from, to: 1, term: 1, granted: true });
    bench.ticks(5);
    bench.answer({ ...reply, sentTick: 5 });
    expect(bench.node.status().leaseTick).toBeUndefined();
    bench.answer({ ...reply, from: 4, sentTick: 3 });
    expect(bench.node.status().leaseTick).toBe(3);
  });

  test('reads are answered from it while it lasts', () => {
    const bench = leader();
    bench.ticks(1);
    bench.answer({ ...reply, sentTick: 1 });
    bench.node.readIndex('now');
    bench.take();
    bench.ticks(8);
    bench.node.readIndex('just');
    bench.take();
    bench.ticks(1);
    bench.node.readIndex('late');
    bench.take();
    expect(bench.readies.flatMap(({ readStates }) => readStates.map(({ context }) => context))).toEqual([
      'now',
      'just',
    ]);
  });

  test('no follower forgets its leader, stands or votes before the time is up', () => {
    const bench = new Bench({ ...lease, random: () => 0.5 });
    bench.answer({ ...heartbeat, term: 1 });
    bench.ticks(ELECTION_TICKS - 1);
    expect(bench.node.forgetLeader()).toBe(false);
    expect(bench.node.campaign()).toBe(false);
    expect(bench.answer({ ...vote, term: 2 })).toEqual([]);
    bench.ticks(1);
    expect(bench.node.campaign()).toBe(true);
  });

  test('a restart does not free a follower from its word', () => {
    const bench = new Bench({ ...lease, random: () => 0.5 });
    bench.answer({ ...heartbeat, term: 1 });
    bench.restart();
    bench.ticks(ELECTION_TICKS - 1);
    expect(bench.answer({ ...vote, term: 2 })).toEqual([]);
    bench.ticks(1);
    expect(bench.answer({ ...vote, term: 2 })).toMatchObject([{ granted: true }]);
  });

  test('a word of a later term does not free it either', () => {
    const bench = new Bench({ ...lease, random: () => 0.5 });
    bench.answer({ ...heartbeat, term: 1 });
    bench.answer({ type: 'appendAccepted', from: 3, to: 1, term: 5, index: 0 });
    expect(bench.answer({ ...vote, term: 6 })).toEqual([]);
  });

  test('a transfer ends it, and a failed transfer the leadership', () => {
    const bench = leader();
    bench.ticks(1);
    bench.answer({ ...reply, sentTick: 1 });
    bench.node.transferLeadership(2);
    expect(bench.node.status().leaseTick).toBeUndefined();
    bench.answer({ ...reply, sentTick: 1 });
    bench.ticks(ELECTION_TICKS);
    expect(bench.node.status().role).toBe('follower');
  });
});
