import { describe, expect, test } from 'vitest';
import { apply } from './apply.ts';
import { expectedBy, heardBeat, newConductor, takeUpOffsetMs, unsentFrom } from './conductor.ts';
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
  { what: 'everything was heard', heard: 10, since: 0, entry: {}, next: 11 },
  { what: 'the last one was not sent', heard: 9, since: 10, entry: { expected: 10 }, next: 10 },
  {
    what: 'two were left out, and the last not sent',
    heard: 7,
    since: 10,
    entry: { expected: 8 },
    next: 8,
  },
  {
    what: 'the last two went nowhere, and their owner knew of one only',
    heard: 8,
    since: 9,
    entry: { expected: 10 },
    next: 9,
  },
  {
    what: 'it heard nothing of what the others sent',
    heard: 2,
    since: Number.POSITIVE_INFINITY,
    entry: { expected: 10 },
    next: 11,
  },
  {
    what: 'it came back before the last one, unsent',
    heard: 2,
    since: 10,
    entry: { expected: 10 },
    next: 10,
  },
  {
    what: 'nobody had a broker',
    heard: 7,
    since: Number.POSITIVE_INFINITY,
    entry: { expected: 8, wired: false },
    next: 8,
  },
  {
    what: 'it has just started',
    heard: undefined,
    since: Number.POSITIVE_INFINITY,
    entry: { expected: 10 },
    next: 11,
  },
])('a node takes over when $what', ({ heard, since, entry, next }) => {
  expect(expectedBy(reserved(entry), heard, (index) => index >= since)).toBe(next);
});

test('before the first reservation the first beat is expected', () => {
  expect(expectedBy(SCORE, undefined, () => false)).toBe(0);
});

test('an entry of a node that does not say what it expects leaves nothing out', () => {
  expect(expectedBy(reserved({}), undefined, (index) => index >= 10)).toBe(10);
});

test('a leader counts as sent what is heard, and not what went to a connection that broke', () => {
  const leader = { ...newConductor('n', 'b'), expected: 8 };
  expect(heardBeat(leader, 8).expected).toBe(9);
  expect(heardBeat(leader, 5).expected).toBe(8);
  expect(unsentFrom(leader, 6).expected).toBe(6);
  expect(unsentFrom(leader, 8).expected).toBe(8);
});

describe('a node takes over by what it heard of the grid', () => {
  // Beats are 100 ms long, and beat 10 falls at 2,000 on the grid.
  const score = reserved({});
  const by = (nowMs: number, heardMs: number | undefined): number =>
    takeUpOffsetMs(score, nowMs, { heardMs, wallMs: 7 });

  test('also shortly before a beat that is reserved already', () => {
    expect(by(1_950, 0)).toBe(0);
    expect(by(1_901, 0)).toBe(0);
  });

  test('but not when by that the reservation would have been made long before its beat', () => {
    expect(by(1_899, 0)).toBe(7);
    expect(by(2_500, 601)).toBe(7);
  });

  test('and by the wall clock when it has heard nothing', () => {
    expect(by(2_500, undefined)).toBe(7);
    expect(takeUpOffsetMs(SCORE, 0, { heardMs: 3, wallMs: 7 })).toBe(3);
    expect(takeUpOffsetMs(undefined, 0, { heardMs: 3, wallMs: 7 })).toBe(3);
  });
});
