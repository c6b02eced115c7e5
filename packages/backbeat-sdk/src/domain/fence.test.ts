import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FencePoint, judge } from './fence.ts';

const rows: {
  name: string;
  last: [number, number, number] | undefined;
  frame: [number, number, number];
  verdict: string;
}[] = [
  { name: 'the first frame passes', last: undefined, frame: [0, 0, 0], verdict: 'pass' },
  { name: 'the next beat passes', last: [1, 1, 5], frame: [1, 1, 6], verdict: 'pass' },
  { name: 'a beat after a gap passes', last: [1, 1, 5], frame: [1, 1, 9], verdict: 'pass' },
  { name: 'a copy is seen', last: [1, 1, 5], frame: [1, 1, 5], verdict: 'seen' },
  { name: 'a higher term does not bring an index back', last: [1, 1, 5], frame: [1, 2, 5], verdict: 'seen' },
  {
    name: 'a deposed leader is refused even with a new index',
    last: [1, 2, 5],
    frame: [1, 1, 6],
    verdict: 'old_term',
  },
  {
    name: 'an earlier life of the cluster is refused',
    last: [2, 1, 5],
    frame: [1, 9, 99],
    verdict: 'old_epoch',
  },
  { name: 'a new life starts again at zero', last: [1, 9, 99], frame: [2, 1, 0], verdict: 'pass' },
];

const point = ([epoch, term, index]: [number, number, number]): FencePoint => ({ epoch, term, index });

describe('the fence', () => {
  test.each(rows)('$name', ({ last, frame, verdict }) => {
    expect(judge(last && point(last), point(frame))).toBe(verdict);
  });

  test('never lets an index of one epoch pass twice, nor a term go back', () => {
    const small = fc.nat({ max: 4 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ epoch: fc.nat({ max: 2 }), term: small, index: small }), { maxLength: 60 }),
        (frames) => {
          let last: FencePoint | undefined;
          const passed: FencePoint[] = [];
          for (const frame of frames) {
            if (judge(last, frame) !== 'pass') continue;
            passed.push(frame);
            last = frame;
          }
          for (const [i, frame] of passed.entries()) {
            const before = passed[i - 1] ?? { epoch: -1, term: -1, index: -1 };
            expect(frame.epoch >= before.epoch).toBe(true);
            expect(
              frame.epoch > before.epoch || (frame.term >= before.term && frame.index > before.index),
            ).toBe(true);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
