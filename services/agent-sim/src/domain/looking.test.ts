import { councils } from '@whoosh/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTimeToLook, type LastLook, LOOK_EVERY_MS, LOOKS_PER_BAR_MAX } from './looking.ts';

const BAR = 4;
const beatAt = (index: number, barLength = BAR) => ({
  index,
  windowFrom: index - (index % barLength),
  barLength,
});

type Phase = 'propose' | 'critique' | 'revise' | 'vote';
function seen(phase: Phase, openedAt: number, over: object = {}): councils.CouncilView {
  const artifacts = councils.ARTIFACT_KINDS.map((kind) => ({ kind }));
  const round = { number: 1, phase, opened_at_beat: 0, phase_opened_at_beat: openedAt };
  return { status: 'active', round, artifacts, ...over } as unknown as councils.CouncilView;
}

describe('looking at the council', () => {
  const T = 100_000;
  const soon = (atBeat: number): LastLook => ({ atMs: T - 100, atBeat });
  test.each<[string, number, LastLook | undefined, councils.CouncilView | undefined, boolean]>([
    ['at once when it was never seen', 8, undefined, undefined, true],
    ['not on the downbeat, when the phase is only being stored', 8, soon(6), seen('vote', 4), false],
    ['on the beat after it', 9, soon(8), seen('vote', 4), true],
    ['on the first later beat, when that one was spent on other things', 10, soon(8), seen('vote', 4), true],
    ['on the last beat of the bar, when all others were', 11, soon(5), seen('vote', 4), true],
    ['not twice on one beat', 9, soon(9), seen('vote', 4), false],
    ['not again in a bar whose phase is seen', 10, soon(9), seen('vote', 8), false],
    ['again while a phase is seen that the downbeat ended', 10, soon(9), seen('critique', 4), true],
    ['and once more', 11, soon(10), seen('critique', 4), true],
    ['not again while artifacts are waited for', 10, soon(9), seen('propose', 4, { artifacts: [] }), false],
    ['again when all are there and the round should have gone on', 10, soon(9), seen('propose', 4), true],
    ['not again when the council has ended', 10, soon(9), seen('vote', 4, { status: 'completed' }), false],
    ['not again when it forms', 10, soon(9), seen('vote', 4, { status: 'forming', round: null }), false],
    ['after a while, however slow the beats', 8, { atMs: T - LOOK_EVERY_MS, atBeat: 7 }, undefined, true],
  ])('%s', (_name, index, last, view, expected) => {
    expect(isTimeToLook(beatAt(index), last, view, T)).toBe(expected);
  });

  test('with bars of one beat, on that beat', () => {
    expect(isTimeToLook(beatAt(7, 1), soon(6), seen('vote', 6), T)).toBe(true);
  });

  test('in a long bar no more than a few times, however long the council stays behind', () => {
    const isLook = (index: number) =>
      isTimeToLook(beatAt(index, 16), soon(index - 1), seen('critique', 16), T);
    const looks = Array.from({ length: 16 }, (_, beat) => 32 + beat).filter(isLook);
    expect(looks).toHaveLength(LOOKS_PER_BAR_MAX);
  });

  test('an agent that is free on any beat after the downbeat sees the phase that is stored by then', () => {
    const barArbitrary = fc.record({
      storedOn: fc.integer({ min: 0, max: BAR - 1 }),
      free: fc.uniqueArray(fc.integer({ min: 0, max: BAR - 1 })),
    });
    fc.assert(
      fc.property(fc.array(barArbitrary, { minLength: 1, maxLength: 8 }), (bars) => {
        const phases: Phase[] = ['critique', 'revise', 'vote', 'propose'];
        let last: LastLook | undefined;
        let view: councils.CouncilView | undefined;
        bars.forEach(({ storedOn, free }, bar) => {
          for (const beat of free.toSorted((a, b) => a - b)) {
            const index = bar * BAR + beat;
            if (!isTimeToLook(beatAt(index), last, view, index * 500)) continue;
            const at = beat >= storedOn ? bar : bar - 1;
            last = { atMs: index * 500, atBeat: index };
            view = seen(phases[(at + 4) % 4] ?? 'vote', Math.max(0, at * BAR));
          }
          const couldSee = free.some((beat) => beat >= Math.max(1, storedOn));
          if (couldSee) expect(view?.round?.phase_opened_at_beat).toBe(bar * BAR);
        });
      }),
    );
  });
});
