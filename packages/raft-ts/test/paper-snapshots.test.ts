import { describe, expect, test } from 'vitest';
import { Bench, ELECTION_TICKS, entry, log } from './bench.ts';

const data = (text: string): Uint8Array => Buffer.from(text);
const append = { type: 'append', from: 2, to: 1, prevIndex: 0, prevTerm: 0, entries: [], commit: 0 } as const;

describe('snapshots (§7)', () => {
  const snapshot = { index: 5, term: 2, data: data('state') };
  const install = { type: 'snapshot', from: 2, to: 1, term: 3, snapshot } as const;

  test('one that is ahead replaces the log, and is durable before it is acknowledged', () => {
    const bench = new Bench({}, { entries: log(1, 1), hardState: { term: 1, vote: 0, commit: 1 } });
    bench.take();
    bench.node.step(install);
    const ready = bench.node.ready();
    expect(ready).toMatchObject({ snapshot, mustSync: true, committedEntries: [] });
    expect(ready.messages).toMatchObject([{ type: 'appendAccepted', index: 5 }]);
    bench.storage.applySnapshot(snapshot);
    bench.node.advance(ready);
    expect(bench.node.status()).toMatchObject({ commit: 5, applied: 5, lastIndex: 5, lastTerm: 2 });
    bench.answer({ ...append, term: 3, prevIndex: 5, prevTerm: 2, entries: [entry(3, 6)], commit: 6 });
    expect(bench.applied.map(({ index }) => index)).toEqual([1, 6]);
  });

  test('one that describes a part of the log keeps what follows', () => {
    const bench = new Bench(
      {},
      { entries: log(1, 1, 2, 2, 2, 2), hardState: { term: 2, vote: 0, commit: 1 } },
    );
    bench.answer(install);
    expect(bench.node.status()).toMatchObject({ commit: 5, lastIndex: 6 });
    expect(bench.applied.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5]);
  });

  test('an old one changes nothing', () => {
    const bench = new Bench(
      {},
      { entries: log(1, 1, 2, 2, 2, 2), hardState: { term: 2, vote: 0, commit: 6 } },
    );
    expect(bench.answer(install)).toMatchObject([{ type: 'appendAccepted', index: 6 }]);
    expect(bench.node.status()).toMatchObject({ commit: 6, lastIndex: 6 });
  });

  test('an old one changes nothing where its place is compacted away, either', () => {
    const bench = new Bench(
      {},
      { entries: log(1, 1, 2, 2, 2, 2), hardState: { term: 2, vote: 0, commit: 6 } },
    );
    bench.take();
    bench.storage.saveSnapshot({ index: 6, term: 2, data: data('state') });
    bench.storage.compact(6);
    expect(bench.answer(install)).toMatchObject([{ type: 'appendAccepted', index: 6 }]);
    expect(bench.node.status()).toMatchObject({ commit: 6, lastIndex: 6 });
  });

  test('a node that has yet to store a snapshot does not stand', () => {
    const bench = new Bench();
    bench.node.step(install);
    expect(bench.node.campaign()).toBe(false);
  });

  test('nobody is sent a snapshot who has not been heard of lately', () => {
    const bench = new Bench({ checkQuorum: true }).lead();
    for (const from of [2, 3]) bench.acknowledge(from, 1);
    bench.node.propose(data('x'));
    bench.take();
    bench.acknowledge(2, 2);
    bench.storage.saveSnapshot({ index: 2, term: 1, data: data('state') });
    bench.storage.compact(2);
    bench.node.reportUnreachable(3);
    bench.ticks(ELECTION_TICKS);
    bench.acknowledge(2, 2);
    bench.node.propose(data('y'));
    expect(bench.take().filter(({ to }) => to === 3)).toEqual([]);
    const heard = { type: 'heartbeatReply', from: 3, to: 1, term: 1, sentTick: 0, readRound: 0 } as const;
    expect(bench.answer(heard)).toMatchObject([{ type: 'snapshot', to: 3 }]);
  });

  test('a follower that needs what is compacted gets the snapshot, once it has been heard of', () => {
    const bench = new Bench({}, { entries: log(1, 1, 1), hardState: { term: 1, vote: 0, commit: 3 } }).lead();
    bench.acknowledge(2, 4);
    bench.storage.saveSnapshot({ index: 3, term: 1, data: data('state') });
    bench.storage.compact(3);
    const rejected = { type: 'appendRejected', from: 3, to: 1, term: 2, hintIndex: 0, hintTerm: 0 } as const;
    expect(bench.answer({ ...rejected, prevIndex: 3 })).toMatchObject([
      { type: 'snapshot', to: 3, snapshot: { index: 3, term: 1 } },
    ]);
    expect(bench.node.status().progress.get(3)).toMatchObject({ state: 'snapshot', paused: true });
    bench.node.reportSnapshot(3, false);
    const probe = { type: 'heartbeatReply', from: 3, to: 1, term: 2, sentTick: 0, readRound: 0 } as const;
    expect(bench.answer(probe)).toMatchObject([{ type: 'snapshot', to: 3 }]);
    expect(bench.acknowledge(3, 3)).toMatchObject([
      { type: 'append', prevIndex: 3, entries: [{ index: 4 }] },
    ]);
  });
});
