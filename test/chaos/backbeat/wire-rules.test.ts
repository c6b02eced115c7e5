import { describe, expect, test } from 'vitest';
import { changed, CLUSTER, soundFrame } from './sound-frames.ts';
import { type HeardFrame, judgeWire } from './wire-rules.ts';

const SOUND = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((index) => soundFrame({ index }));
const violations = (heard: readonly HeardFrame[]): readonly string[] =>
  judgeWire(heard, CLUSTER, []).violations;
const at = (index: number): HeardFrame => SOUND[index] as HeardFrame;
const others = (index: number): HeardFrame[] => SOUND.filter((_, each) => each !== index);

test('a sound record has no violation, with copies and with beats that are named as missed', () => {
  expect(violations(SOUND)).toEqual([]);
  expect(violations([...SOUND, { ...at(4), broker: 1, arrivedAtMs: at(4).arrivedAtMs + 12 }])).toEqual([]);
  const gap = [at(0), at(1), soundFrame({ index: 4, missed: 2, term: 2, node: 'n2' })];
  expect(violations(gap)).toEqual([]);
  expect(judgeWire(gap, CLUSTER, []).figures).toMatchObject({ missed: 2, terms: 2, copies: 0 });
});

describe('the judge of the wire sees', () => {
  test.each<[string, readonly HeardFrame[], RegExp]>([
    [
      'an index with two different frames',
      [...SOUND, { ...soundFrame({ index: 4, hlc: '0000:0000:0002' }), broker: 2 }],
      /beat 4 has two frames/,
    ],
    [
      'an index that another leader sends too',
      [...SOUND, { ...soundFrame({ index: 8, node: 'n2', term: 2 }), arrivedAtMs: at(8).arrivedAtMs + 100 }],
      /beat 8 has two frames/,
    ],
    [
      'a sender that goes back',
      [...others(3), { ...at(3), arrivedAtMs: at(5).arrivedAtMs + 1 }],
      /n1\/1 says 3 after 5/,
    ],
    [
      'a replaced leader that goes on',
      [...SOUND.slice(0, 4), ...[4, 5].map((index) => soundFrame({ index, term: 2, node: 'n2' })), at(6)],
      /had been replaced/,
    ],
    ['a beat that nobody names as missed', others(4), /names 0 missed, 1 are/],
    [
      'a beat that is named as missed and was not',
      [...others(4), soundFrame({ index: 4, missed: 1 })],
      /names 1 missed, 0 are/,
    ],
    ['beats in a bunch', [...others(4), { ...at(4), arrivedAtMs: at(5).arrivedAtMs - 1 }], /bunched|ms late/],
    [
      'a late beat',
      SOUND.map((each, index) => (index < 5 ? each : { ...each, arrivedAtMs: each.arrivedAtMs + 300 })),
      /late/,
    ],
    ['a wrong phase', [...others(4), changed(at(4), (frame) => (frame['phase'] = 'review'))], /right is/],
    ['a wrong downbeat', [...others(4), changed(at(4), (frame) => (frame['downbeat'] = false))], /right is/],
    [
      'a wrong window',
      [...others(5), changed(at(5), (frame) => (frame['window_id'] = '0'.repeat(32)))],
      /right is/,
    ],
    [
      'a wrong deadline',
      [...others(5), changed(at(5), (frame) => (frame['deadline_at'] = '2026-01-01T00:00:00.000Z'))],
      /right is/,
    ],
    [
      'a beat beside the grid',
      [
        ...others(5),
        changed(at(5), (frame) => ((frame['metadata'] as Record<string, unknown>)['at'] = 1_700_000_001_400)),
      ],
      /beside the grid/,
    ],
    [
      'a synonym that nobody may send',
      [...others(4), changed(at(4), (frame) => (frame['phase'] = 'plan'))],
      /not a frame of ours/,
    ],
    ['a foreign message', [...SOUND, { ...at(4), text: '{}' }], /not a frame of ours/],
    ['a wrong message id', [...others(4), { ...at(4), messageId: 'x' }], /has the id/],
  ])('%s', (_what, heard, says) => {
    expect(violations(heard).join('\n')).toMatch(says);
  });
});

test('what is late or stale while somebody was stopped is counted and excused, a second frame never', () => {
  const late = SOUND.map((each, index) =>
    index < 5 ? each : { ...each, arrivedAtMs: each.arrivedAtMs + 300 },
  );
  const excuse = [{ fromMs: 0, toMs: 100_000 }];
  expect(judgeWire(late, CLUSTER, excuse)).toMatchObject({ violations: [], figures: { late: 4 } });
  const forked = [...SOUND, soundFrame({ index: 4, hlc: '0000:0000:0002' })];
  expect(judgeWire(forked, CLUSTER, excuse).violations.join()).toMatch(/two frames/);
});

describe('frames out of a cable that was pulled', () => {
  const excuse = [{ fromMs: 0, toMs: 100_000 }];
  const judged = (missed: number, { lateMs = 740, term = 2 } = {}) => {
    const stuck = [4, 5].map((index) => ({
      ...at(index),
      arrivedAtMs: at(7).arrivedAtMs - 740 + lateMs + index,
    }));
    const next = soundFrame({ index: 8, missed, term, node: 'n2' });
    return judgeWire([...SOUND.slice(0, 4), ...stuck, next], CLUSTER, excuse).violations.join();
  };

  test.each([2, 3, 4])('may be named as missed by the leader that did not hear them: %i', (missed) => {
    expect(judged(missed)).toBe('');
  });

  test('nothing else may be, and what nobody heard must be', () => {
    expect(judged(5)).toMatch(/names 5 missed, 2 are/);
    expect(judged(1)).toMatch(/names 1 missed, 2 are/);
  });

  test('not when they came in time, and not by who has sent them', () => {
    expect(judged(4, { lateMs: 0 })).toMatch(/names 4 missed, 2 are/);
    expect(judged(4, { term: 1 })).toMatch(/names 4 missed, 2 are/);
  });
});
