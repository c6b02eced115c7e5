import { expect, test } from 'vitest';
import { listPromises, NO_PROMISES, readPromiseList } from './promise-list.ts';
import { type OpenPromise } from './promises.ts';

const promises = (count: number): OpenPromise[] =>
  Array.from({ length: count }, (_, i) => ({
    agent: `agent:${i}`,
    task: `task:${i % 7}`,
    isHelp: i % 3 === 0,
    dueBeat: 1_000 - (i % 64),
  }));

test('those of ten thousand agents are counted in full and listed as far as they fit, the most urgent first', () => {
  const list = listPromises(promises(10_000), 8_192);
  expect(list.count).toBe(10_000);
  expect(list.listed.length).toBeGreaterThan(100);
  expect(JSON.stringify(list).length).toBeLessThanOrEqual(8_192);
  expect(new Set(list.listed.map(({ due_beat: due }) => due))).toEqual(new Set([937]));
});

test('few are all listed, and read as they were written', () => {
  const list = listPromises(promises(5), 8_192);
  expect(list.listed).toHaveLength(5);
  expect(readPromiseList(JSON.parse(JSON.stringify(list)))).toEqual(list);
  expect(listPromises([], 8_192)).toEqual(NO_PROMISES);
});

test('a list of an older writer is read, and what is none is not', () => {
  const [promise] = listPromises(promises(1), 8_192).listed;
  expect(readPromiseList([promise])).toEqual({ count: 1, listed: [promise] });
  for (const said of [undefined, null, 7, 'x', {}, { count: 1 }, { count: 0.5, listed: [] }])
    expect(readPromiseList(said)).toBeUndefined();
  expect(readPromiseList({ count: 0, listed: [promise] })?.count).toBe(1);
});
