import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apply } from './apply.ts';
import { decodeEntry, encodeEntry, type Entry } from './entry.ts';
import {
  downbeatAfter,
  firstBeatAfter,
  gridTimeOf,
  nextFreeIndex,
  placeOf,
  type Score,
  segmentAt,
} from './score.ts';
import { isOneStep } from './tempo.ts';

const INIT: Entry = { type: 'init', epoch: 1_000, anchor: { index: 0, at: 5_000 }, tempo: 60, bar_length: 4 };

function reserve(index: number, node = 'a'): Entry {
  return { type: 'reserve', index, node, boot: 'b' };
}

/** Plays entries one after the other; what each was refused for is kept. */
function play(entries: readonly Entry[], from?: Score): { score: Score; refused: (string | undefined)[] } {
  let score = from;
  const refused = entries.map((entry) => {
    const applied = apply(score, decodeEntry(encodeEntry(entry)), 1);
    score = applied.score;
    return applied.refused;
  });
  return { score: score as Score, refused };
}

describe('init', () => {
  test('comes first, and once', () => {
    expect(apply(undefined, reserve(0), 1)).toEqual({ score: undefined, refused: 'no_score' });
    const { score, refused } = play([INIT, { ...INIT, epoch: 2_000 }]);
    expect(refused).toEqual([undefined, 'score_exists']);
    expect(score.epoch).toBe(1_000);
    expect([nextFreeIndex(score), gridTimeOf(score, 3)]).toEqual([0, 8_000]);
  });
});

describe('reserve', () => {
  test('gives an index one owner, with the term of the entry', () => {
    const { score } = play([INIT]);
    const mine = apply(score, reserve(0, 'a'), 7);
    expect(mine.score?.reserved).toEqual({
      index: 0,
      term: 7,
      node: 'a',
      boot: 'b',
      expected: 0,
      wired: true,
    });
    expect(apply(mine.score, reserve(0, 'b'), 8)).toEqual({ score: mine.score, refused: 'taken' });
  });

  test('may leave indices out, never go back', () => {
    const { score, refused } = play([INIT, reserve(5), reserve(4), reserve(6)]);
    expect(refused).toEqual([undefined, undefined, 'taken', undefined]);
    expect(nextFreeIndex(score)).toBe(7);
  });
});

describe('tempo', () => {
  test('changes on a downbeat that is still free, and the grid goes on from there', () => {
    const { score, refused } = play([
      INIT,
      reserve(1),
      { type: 'tempo', at_beat: 3, tempo: 66 },
      { type: 'tempo', at_beat: 0, tempo: 66 },
      { type: 'tempo', at_beat: 4, tempo: 67 },
      { type: 'tempo', at_beat: 4, tempo: 66 },
    ]);
    expect(refused.slice(2)).toEqual(['off_downbeat', 'late', 'too_far', undefined]);
    expect(segmentAt(score, 3).tempoBpm).toBe(60);
    expect(segmentAt(score, 4).tempoBpm).toBe(66);
    expect(gridTimeOf(score, 4)).toBe(9_000);
    expect(gridTimeOf(score, 5)).toBeCloseTo(9_000 + 60_000 / 66, 6);
  });

  test('the newest wish counts until the downbeat is reserved', () => {
    const { score } = play([
      INIT,
      { type: 'tempo', at_beat: 4, tempo: 66 },
      { type: 'tempo', at_beat: 4, tempo: 54 },
      reserve(4),
    ]);
    expect(score.segment).toEqual({ anchor: { index: 4, at: 9_000 }, tempoBpm: 54 });
    const back = play([
      INIT,
      { type: 'tempo', at_beat: 4, tempo: 66 },
      { type: 'tempo', at_beat: 4, tempo: 60 },
    ]);
    expect(back.score.nextSegment).toBeNull();
  });

  test('a ramp climbs one step a bar, also over bars in which beats were missed', () => {
    let { score } = play([INIT, { type: 'ramp', at_beat: 4, target: 100 }]);
    const heard = [];
    for (const index of [4, 8, 9, 10, 17, 20, 24, 28]) {
      score = play([reserve(index)], score).score;
      heard.push(score.segment.tempoBpm);
    }
    expect(heard).toEqual([66, 72.6, 72.6, 72.6, 79.8, 87.7, 96.4, 100]);
    expect([score.ramp, score.nextSegment]).toEqual([null, null]);
  });

  test('a ramp that is cancelled leaves the tempo where it is', () => {
    const { score } = play([
      INIT,
      { type: 'ramp', at_beat: 4, target: 100 },
      reserve(4),
      { type: 'ramp_cancel' },
    ]);
    expect([score.segment.tempoBpm, score.ramp, score.nextSegment]).toEqual([66, null, null]);
  });
});

describe('bars', () => {
  test('of another length begin at a downbeat, and are counted from there', () => {
    const { score, refused } = play([
      INIT,
      { type: 'bar', at_beat: 6, bar_length: 3 },
      { type: 'bar', at_beat: 8, bar_length: 3 },
      reserve(2),
    ]);
    expect(refused.slice(1, 3)).toEqual(['off_downbeat', undefined]);
    expect([7, 8, 10, 11].map((index) => placeOf(score, index).position)).toEqual([3, 0, 2, 0]);
    expect(downbeatAfter(score, 0, gridTimeOf(score, 6))).toBe(8);
    expect(downbeatAfter(score, 0, gridTimeOf(score, 8))).toBe(11);
  });

  test('do not shift a tempo change that is under way', () => {
    const { refused } = play([
      INIT,
      { type: 'tempo', at_beat: 8, tempo: 66 },
      { type: 'bar', at_beat: 4, bar_length: 5 },
      { type: 'bar', at_beat: 8, bar_length: 5 },
    ]);
    expect(refused.slice(2)).toEqual(['busy', undefined]);
  });
});

test('a grid that is moved keeps tempo and pending changes', () => {
  const { score } = play([
    INIT,
    reserve(1),
    { type: 'tempo', at_beat: 4, tempo: 66 },
    { type: 'tempo', at_beat: 2, tempo: 60, anchor: { index: 2, at: 1_000 } },
  ]);
  expect([2, 3, 4].map((index) => gridTimeOf(score, index))).toEqual([1_000, 2_000, 3_000]);
  expect(segmentAt(score, 4).tempoBpm).toBe(66);
});

const anyEntry = fc.oneof(
  fc.record({
    type: fc.constant('reserve' as const),
    index: fc.nat(80),
    node: fc.constantFrom('a', 'b'),
    boot: fc.constantFrom('x', 'y'),
  }),
  fc.record({
    type: fc.constant('tempo' as const),
    at_beat: fc.nat(80),
    tempo: fc.integer({ min: 1, max: 999 }),
  }),
  fc.record({
    type: fc.constant('ramp' as const),
    at_beat: fc.nat(80),
    target: fc.integer({ min: 1, max: 999 }),
  }),
  fc.record({
    type: fc.constant('bar' as const),
    at_beat: fc.nat(80),
    bar_length: fc.integer({ min: 1, max: 9 }),
  }),
  fc.constant({ type: 'ramp_cancel' as const }),
);

test('whatever is proposed: a reserved beat never moves, tempo changes by one step and on downbeats only', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 60 }), (entries) => {
      let score = play([INIT]).score;
      let sung: { index: number; at: number; tempo: number } | undefined;
      for (const entry of entries) {
        const after = apply(score, entry, 1).score as Score;
        const { reserved } = after;
        if (reserved !== null && reserved.index !== score.reserved?.index) {
          const { index } = reserved;
          const [at, tempo] = [gridTimeOf(after, index), segmentAt(after, index).tempoBpm];
          // The leader named time and tempo of this beat before the reservation, from the state it had then.
          expect([at, tempo]).toEqual([gridTimeOf(score, index), segmentAt(score, index).tempoBpm]);
          if (sung !== undefined) {
            expect(index).toBeGreaterThan(sung.index);
            expect(at).toBeGreaterThan(sung.at);
            expect(isOneStep(sung.tempo, tempo)).toBe(true);
          }
          sung = { index, at, tempo };
        } else if (reserved !== null) {
          expect(gridTimeOf(after, reserved.index)).toBe(gridTimeOf(score, reserved.index));
        }
        const { nextSegment } = after;
        if (nextSegment !== null) {
          expect(placeOf(after, nextSegment.anchor.index).position).toBe(0);
          expect(nextSegment.anchor.index).toBeGreaterThanOrEqual(nextFreeIndex(after));
          expect(isOneStep(after.segment.tempoBpm, nextSegment.tempoBpm)).toBe(true);
        }
        score = after;
      }
    }),
    { numRuns: 2_000 },
  );
});

test('the next beat after a time is the next one, whatever is under way', () => {
  fc.assert(
    fc.property(
      fc.array(anyEntry, { maxLength: 30 }),
      fc.double({ min: 0, max: 200_000, noNaN: true }),
      (entries, time) => {
        const { score } = play([INIT, ...entries]);
        const from = nextFreeIndex(score);
        const index = firstBeatAfter(score, from, time);
        expect(gridTimeOf(score, index) > time - 1e-6).toBe(true);
        if (index > from) expect(gridTimeOf(score, index - 1)).toBeLessThanOrEqual(time + 1e-6);
      },
    ),
  );
});

describe('bars of at most two hours', () => {
  const SLOW: Entry = { ...INIT, tempo: 0.5 };
  const bar = (bar_length: number): Entry => ({ type: 'bar', at_beat: 4, bar_length });
  const tempoTo = (bpm: number): Entry => ({ type: 'tempo', at_beat: 4, tempo: bpm });

  test.each<[what: string, entries: Entry[], refused: string | undefined]>([
    ['longer bars than the tempo allows', [SLOW, bar(100)], 'too_long'],
    ['bars that it just allows', [SLOW, bar(60)], undefined],
    ['a slower tempo than the coming bars allow', [SLOW, bar(60), tempoTo(0.4)], 'too_long'],
    ['longer bars than the coming tempo allows', [SLOW, tempoTo(0.4), bar(60)], 'too_long'],
    [
      'a ramp to where the bars are too long',
      [INIT, bar(7_200), { type: 'ramp', at_beat: 4, target: 20 }],
      'too_long',
    ],
    [
      'bars too long for where a ramp leads',
      [INIT, { type: 'ramp', at_beat: 4, target: 20 }, bar(7_200)],
      'too_long',
    ],
  ])('%s', (_, entries, refused) => {
    const played = play(entries);
    expect(played.refused).toEqual([...entries.slice(1).map(() => undefined), refused]);
  });

  test('a score that has too long ones is led out of it, not further in', () => {
    const { score } = play([{ ...SLOW, bar_length: 100 }]);
    expect(play([{ type: 'tempo', at_beat: 0, tempo: 0.4 }], score).refused).toEqual(['too_long']);
    expect(play([{ type: 'tempo', at_beat: 0, tempo: 0.6 }], score).refused).toEqual([undefined]);
    expect(play([{ type: 'bar', at_beat: 0, bar_length: 90 }], score).refused).toEqual([undefined]);
    expect(play([{ type: 'bar', at_beat: 0, bar_length: 101 }], score).refused).toEqual(['too_long']);
  });
});
