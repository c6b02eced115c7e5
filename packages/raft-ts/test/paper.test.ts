import { describe, expect, test } from 'vitest';
import { type Message } from '../src/index.ts';
import { Bench, ELECTION_TICKS, entry, log, Network } from './bench.ts';

const data = (text: string): Uint8Array => Buffer.from(text);
const append = { type: 'append', from: 2, to: 1, prevIndex: 0, prevTerm: 0, entries: [], commit: 0 } as const;
const heartbeat = { type: 'heartbeat', from: 2, to: 1, commit: 0, sentTick: 0, readRound: 0 } as const;
const vote = { type: 'vote', from: 2, to: 1, lastIndex: 0, lastTerm: 0, transfer: false } as const;

function candidate(): Bench {
  const bench = new Bench();
  bench.node.campaign();
  bench.take();
  return bench;
}

describe('terms (§5.1)', () => {
  const roles = { follower: () => new Bench(), candidate, leader: () => new Bench().lead() };

  test.each(Object.entries(roles))('a %s that hears of a higher term follows in it', (_, make) => {
    const bench = make();
    bench.answer({ ...append, term: 9 });
    expect(bench.node.status()).toMatchObject({ role: 'follower', term: 9, leader: 2, vote: 0 });
  });

  test.each(Object.entries(roles))('a %s is not moved by a message of an old term', (_, make) => {
    const bench = make();
    bench.answer({ ...heartbeat, term: 5 });
    const before = bench.node.status();
    expect(bench.answer({ ...append, term: 4, entries: [entry(4, 1)] })).toEqual([]);
    expect(bench.answer({ ...vote, term: 4, lastIndex: 9, lastTerm: 4 })).toEqual([]);
    expect(bench.node.status()).toEqual(before);
  });

  test('the new term is durable before anything of it is sent', () => {
    const bench = new Bench();
    bench.node.step({ ...vote, term: 3 });
    const ready = bench.node.ready();
    expect(ready).toMatchObject({ hardState: { term: 3, vote: 2 }, mustSync: true });
    expect(ready.messages).toMatchObject([{ type: 'voteReply', term: 3, granted: true }]);
  });
});

describe('leader election (§5.2)', () => {
  test('a node starts as a follower', () => {
    expect(new Bench().node.status()).toMatchObject({ role: 'follower', term: 0, leader: 0 });
  });

  test('a leader sends heartbeats to all others, every heartbeat interval', () => {
    const bench = new Bench({ heartbeatTicks: 2 }).lead();
    expect(bench.ticks(1)).toEqual([]);
    expect(bench.ticks(1).map(({ type, to }) => [type, to])).toEqual([
      ['heartbeat', 2],
      ['heartbeat', 3],
    ]);
  });

  test('a follower that hears nothing for an election timeout stands: next term, own vote, requests to all', () => {
    const bench = new Bench({}, { entries: log(1, 1), hardState: { term: 1, vote: 0, commit: 0 } });
    expect(bench.ticks(ELECTION_TICKS - 1)).toEqual([]);
    const requests = bench.ticks(1);
    expect(bench.node.status()).toMatchObject({ role: 'candidate', term: 2, vote: 1 });
    expect(requests.map(({ type, to, term }) => [type, to, term])).toEqual([
      ['vote', 2, 2],
      ['vote', 3, 2],
    ]);
    expect(requests[0]).toMatchObject({ lastIndex: 2, lastTerm: 1 });
  });

  test('a candidate that gets no majority stands again in the next term', () => {
    const bench = candidate();
    expect(bench.ticks(ELECTION_TICKS)).toHaveLength(2);
    expect(bench.node.status()).toMatchObject({ role: 'candidate', term: 2, vote: 1 });
  });

  test('a live leader keeps a follower from standing', () => {
    const bench = new Bench();
    for (let at = 0; at < 5; at += 1) {
      bench.ticks(ELECTION_TICKS - 1);
      bench.answer({ ...(at % 2 === 0 ? heartbeat : append), term: 1 });
    }
    expect(bench.node.status()).toMatchObject({ role: 'follower', term: 1, leader: 2 });
  });

  test('the own vote does not count before it is durable', () => {
    const bench = new Bench({ peers: [1] });
    bench.node.campaign();
    const ready = bench.node.ready();
    expect(bench.node.status().role).toBe('candidate');
    bench.node.advance(ready);
    expect(bench.node.status().role).toBe('leader');
  });

  test('a vote for oneself that becomes durable late does not count in the next term', () => {
    const bench = new Bench({ peers: [1] });
    bench.node.campaign();
    const ready = bench.node.ready();
    bench.node.campaign();
    if (ready.hardState !== undefined) bench.storage.setHardState(ready.hardState);
    bench.node.advance(ready);
    expect(bench.node.status()).toMatchObject({ role: 'candidate', term: 2 });
    bench.take();
    expect(bench.node.status()).toMatchObject({ role: 'leader', term: 2 });
  });

  test.each([
    [3, 0, 'candidate'],
    [3, 1, 'leader'],
    [4, 1, 'candidate'],
    [4, 2, 'leader'],
    [5, 1, 'candidate'],
    [5, 2, 'leader'],
  ])('of %i voters, %i others and the own vote make a %s', (size, grants, role) => {
    const peers = Array.from({ length: size }, (_, at) => at + 1);
    const bench = new Bench({ peers });
    bench.node.campaign();
    bench.take();
    for (const from of peers.slice(1, 1 + grants)) {
      bench.answer({ type: 'voteReply', from, to: 1, term: 1, granted: true });
    }
    expect(bench.node.status().role).toBe(role);
  });

  test('one voter counts once, however often it answers', () => {
    const bench = new Bench({ peers: [1, 2, 3, 4, 5] });
    bench.node.campaign();
    bench.take();
    for (let at = 0; at < 3; at += 1)
      bench.answer({ type: 'voteReply', from: 2, to: 1, term: 1, granted: true });
    expect(bench.node.status().role).toBe('candidate');
  });

  test('refused by a majority, a candidate gives up', () => {
    const bench = candidate();
    for (const from of [2, 3]) bench.answer({ type: 'voteReply', from, to: 1, term: 1, granted: false });
    expect(bench.node.status()).toMatchObject({ role: 'follower', term: 1, vote: 1 });
  });

  test('a vote of an old term does not elect', () => {
    const bench = candidate();
    bench.ticks(ELECTION_TICKS);
    bench.answer({ type: 'voteReply', from: 2, to: 1, term: 1, granted: true });
    expect(bench.node.status()).toMatchObject({ role: 'candidate', term: 2 });
  });

  test('one vote per term, first come first served, and the same candidate is told again', () => {
    const bench = new Bench();
    const granted = (from: number, term: number): boolean => {
      const [reply] = bench.answer({ ...vote, from, term });
      return reply?.type === 'voteReply' && reply.granted;
    };
    expect([granted(2, 1), granted(3, 1), granted(2, 1), granted(3, 2), granted(2, 2)]).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });

  test('who follows a leader of this term gives no vote in it', () => {
    const bench = new Bench();
    bench.answer({ ...heartbeat, term: 1 });
    expect(bench.answer({ ...vote, from: 3, term: 1 })).toMatchObject([{ granted: false }]);
  });

  test('a vote is kept through a restart', () => {
    const bench = new Bench();
    bench.answer({ ...vote, from: 2, term: 1 });
    bench.restart();
    expect(bench.answer({ ...vote, from: 3, term: 1 })).toMatchObject([{ granted: false }]);
  });

  test('a vote is cleared only by a new term', () => {
    const bench = candidate();
    bench.answer({ ...append, term: 1 });
    expect(bench.node.status()).toMatchObject({ role: 'follower', leader: 2, vote: 1 });
    expect(bench.answer({ ...vote, from: 3, term: 1 })).toMatchObject([{ granted: false }]);
  });

  test('granting a vote gives the candidate an election timeout to win', () => {
    const bench = new Bench({}, { hardState: { term: 1, vote: 0, commit: 0 } });
    bench.ticks(ELECTION_TICKS - 1);
    bench.answer({ ...vote, term: 1 });
    bench.ticks(ELECTION_TICKS - 1);
    expect(bench.node.status().role).toBe('follower');
  });

  test.each([
    [1, 'follower'],
    [2, 'follower'],
    [0, 'candidate'],
  ])('a candidate of term 1 that hears a leader of term %i is a %s', (term, role) => {
    const bench = candidate();
    bench.answer({ ...append, term });
    expect(bench.node.status().role).toBe(role);
  });

  test('timeouts are drawn from one to two election times, anew each time', () => {
    const draws = [0, 0.25, 0.5, 0.999];
    const lengths = draws.map((draw) => {
      const bench = new Bench({ random: () => draw });
      let ticks = 0;
      while (bench.node.status().role === 'follower') {
        bench.ticks(1);
        ticks += 1;
      }
      return ticks;
    });
    expect(lengths).toEqual([10, 12, 15, 19]);
  });

  test('two leaders of one term are reported, not obeyed', () => {
    const bench = new Bench().lead();
    expect(bench.node.step({ ...append, term: 1 })).toBe('two_leaders');
    expect(bench.node.status().role).toBe('leader');
  });
});

describe('log replication (§5.3)', () => {
  test('a command becomes a new entry, sent to all with the point before it', () => {
    const bench = new Bench().lead();
    bench.acknowledge(2, 1);
    bench.acknowledge(3, 1);
    expect(bench.node.propose(data('x'))).toEqual({ ok: true, index: 2, term: 1 });
    const [first, second] = bench.take();
    const content = { type: 'append', prevIndex: 1, prevTerm: 1, entries: [entry(1, 2, 'x')], commit: 1 };
    expect(first).toMatchObject({ ...content, to: 2 });
    expect(second).toMatchObject({ ...content, to: 3 });
  });

  test.each([
    [3, 1, true],
    [3, 0, false],
    [4, 1, false],
    [5, 1, false],
    [5, 2, true],
  ])(
    'of %i voters, %i followers and the leader holding an entry commit it: %s',
    (size, holders, committed) => {
      const peers = Array.from({ length: size }, (_, at) => at + 1);
      const bench = new Bench({ peers });
      bench.lead();
      for (const from of peers.slice(1)) {
        bench.answer({ type: 'voteReply', from, to: 1, term: 1, granted: true });
      }
      for (const from of peers.slice(1)) bench.acknowledge(from, 1);
      bench.node.propose(data('x'));
      bench.take();
      for (const from of peers.slice(1, 1 + holders)) bench.acknowledge(from, 2);
      expect(bench.node.status().commit).toBe(committed ? 2 : 1);
    },
  );

  test("the leader's own copy counts only when it is durable", () => {
    const bench = new Bench({ peers: [1] }).lead();
    bench.node.propose(data('x'));
    const ready = bench.node.ready();
    bench.storage.append(ready.entries);
    expect(bench.node.status().commit).toBe(1);
    bench.node.advance(ready);
    expect(bench.node.status().commit).toBe(2);
  });

  test('committing an entry commits all before it, also of earlier leaders', () => {
    const bench = new Bench({}, { entries: log(1, 1), hardState: { term: 1, vote: 0, commit: 0 } }).lead();
    bench.acknowledge(2, 3);
    expect(bench.applied.map(({ term, index }) => [term, index])).toEqual([
      [1, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  test('the leader tells the commit index with its next appends, and followers apply in order', () => {
    const network = Network.of(3);
    network.at(1).node.campaign();
    network.settle();
    for (const text of ['a', 'b']) network.at(1).node.propose(data(text));
    network.settle();
    for (const bench of network.benches.values()) {
      expect(bench.applied.map((each) => Buffer.from(each.data).toString())).toEqual(['', 'a', 'b']);
    }
  });

  test.each([
    [0, 0, 'appendAccepted'],
    [2, 1, 'appendAccepted'],
    [2, 2, 'appendRejected'],
    [3, 1, 'appendRejected'],
    [4, 2, 'appendRejected'],
  ])('a follower with terms 1,1 answers an append after %i of term %i: %s', (prevIndex, prevTerm, type) => {
    const bench = new Bench({}, { entries: log(1, 1), hardState: { term: 1, vote: 0, commit: 0 } });
    expect(bench.answer({ ...append, term: 2, prevIndex, prevTerm })).toMatchObject([{ type }]);
  });

  test.each([
    ['a conflict replaces the entry and all behind it', [1, 2, 2], 1, [entry(3, 2)], [1, 3]],
    ['what agrees stays, also behind a shorter append', [1, 1, 1], 1, [entry(1, 2)], [1, 1, 1]],
    ['an empty append takes nothing away', [1, 1, 1], 1, [], [1, 1, 1]],
    ['new entries are added', [1], 1, [entry(1, 2), entry(3, 3)], [1, 1, 3]],
    ['a conflict in the middle cuts from there', [1, 1, 2, 2], 1, [entry(1, 2), entry(3, 3)], [1, 1, 3]],
    ['everything may be replaced', [2, 2], 0, [entry(1, 1)], [1]],
  ])('%s', (_, terms, prev, entries, expected) => {
    const bench = new Bench({}, { entries: log(...terms), hardState: { term: 2, vote: 0, commit: 0 } });
    bench.answer({ ...append, term: 3, prevIndex: prev, prevTerm: prev, entries });
    expect(bench.terms()).toEqual(expected);
  });

  test('a repeated append is answered again and changes nothing (§5.5)', () => {
    const bench = new Bench();
    const message: Message = { ...append, term: 1, entries: [entry(1, 1, 'x')], commit: 1 };
    const once = bench.answer(message);
    expect(bench.answer(message)).toEqual(once);
    expect(bench.applied).toHaveLength(1);
  });

  test('an entry is acknowledged only when it is durable', () => {
    const bench = new Bench();
    bench.node.step({ ...append, term: 1, entries: [entry(1, 1)] });
    const ready = bench.node.ready();
    expect(ready.mustSync).toBe(true);
    expect(ready.entries).toHaveLength(1);
    expect(ready.messages).toMatchObject([{ type: 'appendAccepted', index: 1 }]);
  });

  test.each([
    [1, 1, 1],
    [2, 2, 2],
    [3, 2, 2],
    [9, 2, 2],
  ])("of the leader's commit %i a follower takes what this append vouches for: %i", (commit, taken) => {
    const bench = new Bench({}, { entries: log(1, 1, 1), hardState: { term: 1, vote: 0, commit: 0 } });
    bench.answer({ ...append, term: 2, prevIndex: 1, prevTerm: 1, entries: [entry(1, 2)], commit });
    expect(bench.node.status().commit).toBe(taken);
  });

  test('a follower acknowledges what the append vouches for, not what else it holds', () => {
    const bench = new Bench({}, { entries: log(1, 1, 1), hardState: { term: 1, vote: 0, commit: 0 } });
    const answer = bench.answer({ ...append, term: 2, prevIndex: 1, prevTerm: 1, entries: [entry(1, 2)] });
    expect(answer).toMatchObject([{ type: 'appendAccepted', index: 2 }]);
  });

  test('a leader never changes its own log', () => {
    const bench = new Bench({}, { entries: log(1, 1), hardState: { term: 1, vote: 0, commit: 0 } }).lead();
    bench.node.step({ ...append, term: 2, entries: [entry(2, 1)] });
    bench.take();
    expect(bench.terms()).toEqual([1, 1, 2]);
  });

  const figure7: readonly (readonly [string, readonly number[]])[] = [
    ['a: one entry short', [1, 1, 1, 4, 4, 5, 5, 6, 6]],
    ['b: six short', [1, 1, 1, 4]],
    ['c: one more', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ['d: two of a later term more', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ['e: another tail', [1, 1, 1, 4, 4, 4, 4]],
    ['f: two other terms', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ];

  test.each(figure7)('the leader of figure 7 brings follower %s in line', (_, terms) => {
    const network = Network.of(3, {}, [
      { entries: log(1, 1, 1, 4, 4, 5, 5, 6, 6, 6), hardState: { term: 7, vote: 0, commit: 0 } },
      { entries: log(...terms), hardState: { term: 7, vote: 0, commit: 0 } },
      {},
    ]);
    network.at(1).node.campaign();
    network.settle();
    expect(network.at(2).terms()).toEqual([1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8]);
    expect(network.at(2).terms()).toEqual(network.at(1).terms());
  });

  test('a refused append costs one round trip per term that differs, not per entry', () => {
    const bench = new Bench(
      {},
      { entries: log(1, ...Array.from({ length: 20 }, () => 5)), hardState: { term: 5, vote: 0, commit: 0 } },
    ).lead();
    const rejected = { type: 'appendRejected', from: 2, to: 1, term: 6, prevIndex: 21 } as const;
    expect(bench.answer({ ...rejected, hintIndex: 15, hintTerm: 3 })).toMatchObject([
      { type: 'append', prevIndex: 1, prevTerm: 1 },
    ]);
  });
});
