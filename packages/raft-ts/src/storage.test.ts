import { expect, test } from 'vitest';
import { MemoryStorage } from './storage.ts';

const entry = (term: number, index: number) => ({ term, index, data: new Uint8Array(10) });

function filled(): MemoryStorage {
  const storage = new MemoryStorage();
  storage.append([entry(1, 1), entry(1, 2), entry(2, 3)]);
  return storage;
}

test('appending replaces what stands there and behind', () => {
  const storage = filled();
  storage.append([entry(3, 2)]);
  expect([storage.lastIndex(), storage.term(2), storage.term(3)]).toEqual([2, 3, undefined]);
});

test('a gap is the mistake of the caller', () => {
  expect(() => filled().append([entry(3, 5)])).toThrow('gap');
});

test('entries are cut by bytes, but never to nothing', () => {
  const count = (bytes: number): number | undefined => filled().entries(1, 4, bytes)?.length;
  expect([count(0), count(10), count(25), count(30)]).toEqual([1, 1, 2, 3]);
});

test('compaction needs a snapshot, and keeps the term at the seam', () => {
  const storage = filled();
  expect(() => storage.compact(2)).toThrow('snapshot');
  storage.saveSnapshot({ index: 2, term: 1, data: new Uint8Array() });
  storage.compact(2);
  expect([storage.firstIndex(), storage.lastIndex(), storage.term(2), storage.term(1)]).toEqual([
    3,
    3,
    1,
    undefined,
  ]);
  expect(storage.entries(2, 4, 99)).toBeUndefined();
});

test('a received snapshot replaces everything, an older one nothing', () => {
  const storage = filled();
  storage.applySnapshot({ index: 9, term: 4, data: new Uint8Array() });
  storage.applySnapshot({ index: 5, term: 4, data: new Uint8Array() });
  expect([storage.firstIndex(), storage.lastIndex(), storage.term(9)]).toEqual([10, 9, 4]);
});

test('a snapshot is of an entry of this log', () => {
  expect(() => filled().saveSnapshot({ index: 2, term: 9, data: new Uint8Array() })).toThrow('this log');
});
