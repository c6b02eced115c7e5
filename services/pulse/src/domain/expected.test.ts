import { expect, test } from 'vitest';
import { apply } from './apply.ts';
import { expectedBy } from './conductor.ts';
import { type Entry } from './entry.ts';
import { type Score } from './score.ts';

const SCORE = apply(
  undefined,
  { type: 'init', epoch: 1, anchor: { index: 0, at: 1_000 }, tempo: 600, bar_length: 4 },
  1,
).score as Score;

function reserved(entry: Partial<Extract<Entry, { type: 'reserve' }>>): Score {
  return apply(SCORE, { type: 'reserve', index: 10, node: 'n', boot: 'b', ...entry }, 1).score as Score;
}

test.each([
  { what: 'everything was heard', heard: 10, listened: true, entry: {}, next: 11 },
  { what: 'the last one was not sent', heard: 9, listened: true, entry: { expected: 10 }, next: 10 },
  {
    what: 'two were left out, and the last not sent',
    heard: 7,
    listened: true,
    entry: { expected: 8 },
    next: 8,
  },
  {
    what: 'it heard nothing of what the others sent',
    heard: 2,
    listened: false,
    entry: { expected: 10 },
    next: 11,
  },
  {
    what: 'it came back before the last one, unsent',
    heard: 2,
    listened: true,
    entry: { expected: 10 },
    next: 10,
  },
  {
    what: 'nobody had a broker',
    heard: 7,
    listened: false,
    entry: { expected: 8, wired: false },
    next: 8,
  },
  { what: 'it has just started', heard: undefined, listened: false, entry: { expected: 10 }, next: 11 },
])('a node takes over when $what', ({ heard, listened, entry, next }) => {
  expect(expectedBy(reserved(entry), heard, listened)).toBe(next);
});

test('before the first reservation the first beat is expected', () => {
  expect(expectedBy(SCORE, undefined, false)).toBe(0);
});

test('an entry of a node that does not say what it expects leaves nothing out', () => {
  expect(expectedBy(reserved({}), undefined, true)).toBe(10);
});
