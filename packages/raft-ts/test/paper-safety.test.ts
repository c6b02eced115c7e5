import { describe, expect, test } from 'vitest';
import { Bench, entry, log, Network } from './bench.ts';

const data = (text: string): Uint8Array => Buffer.from(text);
const vote = { type: 'vote', from: 2, to: 1, lastIndex: 0, lastTerm: 0, transfer: false } as const;

describe('safety (§5.4)', () => {
  test.each([
    ['shorter, same term', 1, 1, false],
    ['equal', 2, 1, true],
    ['longer, same term', 3, 1, true],
    ['shorter, later term', 1, 2, true],
    ['longer, earlier term', 9, 0, false],
  ])('a voter with terms 1,1 answers a candidate whose log is %s', (_, lastIndex, lastTerm, granted) => {
    const bench = new Bench({}, { entries: log(1, 1), hardState: { term: 1, vote: 0, commit: 0 } });
    expect(bench.answer({ ...vote, term: 3, lastIndex, lastTerm })).toMatchObject([{ granted }]);
  });

  test('figure 8: an entry of an old term on a majority is not committed by counting', () => {
    const bench = new Bench(
      { peers: [1, 2, 3, 4, 5] },
      { entries: log(1, 2), hardState: { term: 3, vote: 0, commit: 1 } },
    );
    bench.node.campaign();
    bench.take();
    for (const from of [2, 3]) bench.answer({ type: 'voteReply', from, to: 1, term: 4, granted: true });
    for (const from of [2, 3, 4]) bench.acknowledge(from, 2);
    expect(bench.node.status()).toMatchObject({ role: 'leader', commit: 1 });
    for (const from of [2, 3]) bench.acknowledge(from, 3);
    expect(bench.node.status().commit).toBe(3);
  });

  test('figure 8 played through: the entry is replaced later, so nobody may have applied it', () => {
    const network = Network.of(5, { maxEntriesPerMessage: 1 }, [
      { entries: log(1, 2), hardState: { term: 2, vote: 1, commit: 1 } },
      { entries: log(1, 2), hardState: { term: 2, vote: 1, commit: 1 } },
      { entries: log(1), hardState: { term: 3, vote: 5, commit: 1 } },
      { entries: log(1), hardState: { term: 3, vote: 5, commit: 1 } },
      { entries: log(1, 3), hardState: { term: 3, vote: 5, commit: 1 } },
    ]);
    network.at(1).node.campaign();
    network.settleAmong(1, 2, 3);
    expect(network.leaders()).toEqual([]);
    network.at(1).node.campaign();
    // Only the entry of term 2 gets through: what carries the new term's is lost where it would be taken.
    const lacksPrevious = (id: number, prevIndex: number): boolean =>
      network.at(id).storage.lastIndex() < prevIndex;
    network.settle((message) => {
      if (message.to > 3) return true;
      const fresh = message.type === 'append' && message.entries.some((each) => each.term > 2);
      return fresh && !lacksPrevious(message.to, message.prevIndex);
    });
    expect(network.leaders()).toEqual([1]);
    for (const id of [1, 2, 3]) {
      expect(network.at(id).terms().slice(0, 2)).toEqual([1, 2]);
      expect(network.at(id).node.status().commit).toBe(1);
    }
    network.at(5).node.campaign();
    network.settleAmong(2, 3, 4, 5);
    network.at(5).node.campaign();
    network.settleAmong(2, 3, 4, 5);
    expect(network.at(5).node.status()).toMatchObject({ role: 'leader', commit: 3 });
    for (const id of [2, 3, 4]) expect(network.at(id).terms()).toEqual([1, 3, 5]);
  });

  test('an acknowledgement of an old term does not count: what it speaks of may be replaced', () => {
    const bench = new Bench({}, { entries: log(1, 1), hardState: { term: 1, vote: 0, commit: 0 } }).lead();
    bench.answer({ type: 'appendAccepted', from: 2, to: 1, term: 1, index: 3 });
    expect(bench.node.status()).toMatchObject({ role: 'leader', term: 2, commit: 0 });
    expect(bench.node.status().progress.get(2)).toMatchObject({ match: 0 });
  });

  test('a node without a committed entry cannot be elected', () => {
    const network = Network.of(3);
    network.at(1).node.campaign();
    network.settleAmong(1, 2);
    network.at(1).node.propose(data('x'));
    network.settleAmong(1, 2);
    network.at(3).node.campaign();
    network.settleAmong(2, 3);
    network.at(3).node.campaign();
    network.settleAmong(2, 3);
    expect(network.at(3).node.status().role).not.toBe('leader');
  });

  test('a restarted node goes on where it was', () => {
    const bench = new Bench().lead();
    bench.node.propose(data('x'));
    bench.take();
    bench.acknowledge(2, 2);
    bench.restart();
    expect(bench.node.status()).toMatchObject({
      role: 'follower',
      term: 1,
      vote: 1,
      commit: 2,
      lastIndex: 2,
    });
    bench.take();
    expect(bench.applied.map(({ index }) => index)).toEqual([1, 2, 1, 2]);
  });

  test('an entry that is replaced before it was written takes those behind it along', () => {
    const bench = new Bench({}, { entries: log(1), hardState: { term: 1, vote: 0, commit: 1 } });
    bench.take();
    const append = { type: 'append', to: 1, prevIndex: 1, prevTerm: 1, commit: 1 } as const;
    bench.node.step({ ...append, from: 2, term: 2, entries: [2, 3, 4].map((index) => entry(2, index)) });
    bench.node.step({ ...append, from: 3, term: 3, entries: [entry(3, 2)] });
    bench.take();
    expect(bench.terms()).toEqual([1, 3]);
  });

  test('an entry that is replaced while it is being written is not taken for written', () => {
    const bench = new Bench({}, { entries: log(1), hardState: { term: 1, vote: 0, commit: 1 } });
    bench.take();
    const append = { type: 'append', to: 1, prevIndex: 1, prevTerm: 1, commit: 1 } as const;
    bench.node.step({ ...append, from: 2, term: 2, entries: [entry(2, 2), entry(2, 3)] });
    const ready = bench.node.ready();
    bench.node.step({ ...append, from: 3, term: 3, entries: [entry(3, 2), entry(3, 3)] });
    bench.storage.append(ready.entries);
    if (ready.hardState !== undefined) bench.storage.setHardState(ready.hardState);
    bench.node.advance(ready);
    expect(bench.take()).toMatchObject([{ type: 'appendAccepted', to: 3, term: 3, index: 3 }]);
    expect(bench.terms()).toEqual([1, 3, 3]);
  });

  test('a new leader opens its term with an entry of its own (§8)', () => {
    const bench = new Bench().lead();
    expect(bench.terms()).toEqual([1]);
    expect(bench.acknowledge(2, 1)).toMatchObject([{ type: 'append', commit: 1 }]);
  });
});
