import { expect, test } from 'vitest';
import { type ProposeResult } from '../src/index.ts';
import { type Placed, Proposals } from '../src/node/proposals.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function waiting(...texts: readonly string[]): { proposals: Proposals; placed: Map<string, Placed> } {
  const proposals = new Proposals();
  const placed = new Map<string, Placed>();
  for (const text of texts) proposals.add(bytes(text), (place) => placed.set(text, place));
  return { proposals, placed };
}

test('what waits goes into the log as one append, each caller knowing its place', () => {
  const { proposals, placed } = waiting('a', 'b', 'c');
  const appends: number[] = [];
  const append = (data: readonly Uint8Array[]): ProposeResult => {
    appends.push(data.length);
    return { ok: true, index: 7, term: 2 };
  };
  proposals.flush(append);
  proposals.flush(append);
  expect(appends).toEqual([3]);
  expect(placed.get('a')).toEqual({ ok: true, index: 7, term: 2 });
  expect(placed.get('c')).toEqual({ ok: true, index: 9, term: 2 });
});

test('one that is too large is refused alone', () => {
  const { proposals, placed } = waiting('a', 'far too large', 'c');
  let index = 6;
  proposals.flush((data) => {
    if (data.some(({ byteLength }) => byteLength > 1)) return { ok: false, reason: 'too_large', leader: 1 };
    index += 1;
    return { ok: true, index, term: 2 };
  });
  expect(placed.get('a')).toMatchObject({ ok: true, index: 7 });
  expect(placed.get('far too large')).toMatchObject({ ok: false, reason: 'too_large' });
  expect(placed.get('c')).toMatchObject({ ok: true, index: 8 });
});

test('who does not lead says so to all, once', () => {
  const { proposals, placed } = waiting('a', 'b');
  let asked = 0;
  proposals.flush(() => {
    asked += 1;
    return { ok: false, reason: 'not_leader', leader: 3 };
  });
  expect(asked).toBe(1);
  expect([...placed.values()]).toMatchObject([{ reason: 'not_leader' }, { reason: 'not_leader' }]);
});

test('a node that stops lets nobody wait', () => {
  const { proposals, placed } = waiting('a');
  proposals.drop('stopped');
  expect(placed.get('a')).toEqual({ ok: false, reason: 'stopped' });
});
