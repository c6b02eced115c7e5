import { describe, expect, test } from 'vitest';
import { type HeardClaim } from './agent.ts';
import { isOfNow, isSaidBefore, toldAt } from './claim-age.ts';

describe('a claim says something about now', () => {
  test.each([
    ['of this beat', 1_000, 500, true],
    ['of the beat that is about to come', 1_001, 500, true],
    ['of a beat nobody can know', 1_002, 500, false],
    ['of 45 seconds ago', 910, 500, true],
    ['of a beat longer ago', 909, 500, false],
    ['of nine slow beats ago', 991, 30_000, true],
    ['of ten slow beats ago', 990, 30_000, false],
    ['of the beginning', 0, 500, false],
    ['of the end of numbers', Number.MAX_SAFE_INTEGER, 500, false],
  ])('%s', (_what, beatIndex, beatMs, expected) => {
    expect(isOfNow(beatIndex, { index: 1_000, beatMs })).toBe(expected);
  });
});

describe('a claim tells that its agent was there', () => {
  const current = { index: 1_000, beatMs: 500 };
  test.each([
    ['of this beat: now', 1_000, 0],
    ['of the next: now', 1_001, 0],
    ['of the beat before, still under way: now', 999, 0],
    ['of three beats ago: by the end of the one behind it', 997, 1_000],
    ['of 90 beats ago', 910, 44_500],
  ])('%s', (_what, beatIndex, agoMs) => {
    expect(toldAt(beatIndex, current, 1_700_000_000_000)).toBe(1_700_000_000_000 - agoMs);
  });

  test('said again and again, it tells of the same time, until it tells of nothing', () => {
    const beatMs = 500;
    const told = Array.from({ length: 60 }, (_, beats) =>
      toldAt(1_000, { index: 1_001 + beats, beatMs }, 1_700_000_000_000 + beats * beatMs),
    );
    expect(new Set(told).size).toBe(1);
  });
});

describe('a claim was said before the last one that was heard', () => {
  const last: HeardClaim = {
    beatIndex: 10,
    state: 'completed',
    taskId: 't',
    beatsLeft: null,
    progress: 1,
    at: 1_000_000,
  };
  test.each([
    ['of an earlier beat and time', 8, 999_000, true],
    ['of the same beat', 10, 999_000, false],
    ['of a later beat, by a clock that was set back', 11, 400_000, false],
    ['of a new count of beats', 0, 1_000_500, false],
  ])('%s', (_what, beatIndex, at, expected) => {
    expect(isSaidBefore({ ...last, beatIndex, at }, last)).toBe(expected);
  });

  test('nothing was said before the first', () => {
    expect(isSaidBefore(last, undefined)).toBe(false);
    expect(isSaidBefore(last, null)).toBe(false);
  });
});
