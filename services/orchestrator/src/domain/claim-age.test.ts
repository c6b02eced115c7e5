import { describe, expect, test } from 'vitest';
import { isOfNow } from './claim-age.ts';

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
