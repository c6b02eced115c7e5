import { describe, expect, test } from 'vitest';
import { Bench, entry, log } from './bench.ts';

const data = (text: string): Uint8Array => Buffer.from(text);
const append = { type: 'append', from: 2, to: 1, prevIndex: 0, prevTerm: 0, entries: [], commit: 0 } as const;
const heartbeat = { type: 'heartbeat', from: 2, to: 1, commit: 0, sentTick: 0, readRound: 0 } as const;

describe('limits', () => {
  test('what is too large, empty, or too much at once is refused', () => {
    const bench = new Bench({ maxEntryBytes: 10, maxUncommittedBytes: 15 }).lead();
    const reason = (bytes: number): unknown => bench.node.propose(new Uint8Array(bytes));
    expect(reason(11)).toMatchObject({ reason: 'too_large' });
    expect(reason(0)).toMatchObject({ reason: 'empty' });
    expect(reason(10)).toMatchObject({ ok: true });
    expect(reason(10)).toMatchObject({ reason: 'overloaded' });
    bench.take();
    bench.acknowledge(2, 2);
    expect(reason(10)).toMatchObject({ ok: true });
    expect(new Bench().node.propose(data('x'))).toMatchObject({ reason: 'no_leader' });
  });

  test('an append carries no more than its share, and no more of them than the limit are under way', () => {
    const bench = new Bench({ maxEntriesPerMessage: 2, maxInflightMessages: 2 }).lead();
    bench.acknowledge(2, 1);
    bench.node.proposeAll(Array.from({ length: 9 }, (_, at) => data(`${at}`)));
    const sent = bench
      .take()
      .flatMap((each) => (each.type === 'append' && each.to === 2 ? [each.entries.length] : []));
    expect(sent).toEqual([2]);
    const next = bench.acknowledge(2, 3);
    const lengths = next.flatMap((each) =>
      each.type === 'append' && each.to === 2 ? [each.entries.length] : [],
    );
    expect(lengths).toEqual([2, 2]);
    expect(bench.node.status().progress.get(2)).toMatchObject({
      inflight: 2,
      inflightFull: true,
      paused: true,
    });
  });

  test('a refusal that is out of date sends nothing', () => {
    const bench = new Bench({}, { entries: log(1, 1, 1), hardState: { term: 1, vote: 0, commit: 0 } }).lead();
    const refusal = { type: 'appendRejected', from: 2, to: 1, term: 2, hintIndex: 1, hintTerm: 1 } as const;
    expect(bench.answer({ ...refusal, prevIndex: 3 })).toMatchObject([{ type: 'append', prevIndex: 1 }]);
    expect(bench.answer({ ...refusal, prevIndex: 3, hintIndex: 0, hintTerm: 0 })).toEqual([]);
    expect(bench.node.status().progress.get(2)).toMatchObject({ next: 2 });
  });

  test.each([
    ['another receiver', { ...heartbeat, to: 3, term: 1 }, 'not_for_me'],
    ['a stranger', { ...heartbeat, from: 7, term: 1 }, 'unknown_peer'],
    ['itself', { ...heartbeat, from: 1, term: 1 }, 'unknown_peer'],
    ['no term', { ...heartbeat, term: 0 }, 'malformed'],
    ['a gap between entries', { ...append, term: 1, entries: [entry(1, 2)] }, 'malformed'],
    ['entries of a later term', { ...append, term: 1, entries: [entry(2, 1)] }, 'malformed'],
  ] as const)('a message of or for %s changes nothing', (_, message, problem) => {
    const bench = new Bench();
    const before = bench.node.status();
    expect(bench.node.step(message)).toBe(problem);
    expect(bench.node.status()).toEqual(before);
  });

  test('an acknowledgement of what was never sent is refused', () => {
    const bench = new Bench().lead();
    expect(bench.node.step({ type: 'appendAccepted', from: 2, to: 1, term: 1, index: 9 })).toBe('malformed');
    expect(bench.node.status().commit).toBe(0);
  });
});
