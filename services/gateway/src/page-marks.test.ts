import { describe, expect, test } from 'vitest';
import { type BeatSeen, marksOf, phaseAt } from '../page/src/parts/beat-marks.ts';

describe('the marks of the line of beats', () => {
  const seen = (index: number, atMs: number, degraded = false): BeatSeen => ({
    atMs,
    frame: {
      beat_index: index,
      downbeat: index % 4 === 0,
      phase: phaseAt(index % 4, 4),
      tempo_bpm: 60,
      metadata: { bar_length: 4, ...(degraded && { cluster_health: 'degraded' }) },
    },
  });
  const kinds = (beats: BeatSeen[], nowMs: number) =>
    marksOf(beats, nowMs, nowMs + 1_500).map(({ index, kind, phase }) => `${index} ${kind} ${phase}`);

  test('hold a beat that never came at its place on the grid, and the beats to come', () => {
    expect(kinds([seen(4, 0), seen(6, 2_000)], 2_100)).toEqual([
      '4 heard planning',
      '5 missed execution',
      '6 heard execution',
      '7 next review',
    ]);
    expect(marksOf([seen(4, 0), seen(6, 2_000)], 2_100, 2_100)[1]?.atMs).toBe(1_000);
  });

  test('say late when the time of a beat is past, and not while its frame may be under way', () => {
    expect(kinds([seen(4, 0)], 1_200)[1]).toBe('5 next execution');
    expect(kinds([seen(4, 0)], 1_300)[1]).toBe('5 late execution');
  });

  test('show degraded beats, downbeats to come, and no endless row of missed ones', () => {
    const marks = marksOf([seen(3, 0, true), seen(900, 1_000)], 1_000, 6_000);
    expect(marks[0]).toMatchObject({ index: 3, degraded: true });
    expect(marks.some(({ kind }) => kind === 'missed')).toBe(false);
    expect(marks.filter(({ kind, downbeat }) => kind === 'next' && downbeat)).toHaveLength(1);
    expect(marksOf([], 0, 1_000)).toEqual([]);
  });

  test('have the phases of bars of every length', () => {
    const bar = (length: number) => Array.from({ length }, (_, at) => phaseAt(at, length)[0]).join('');
    expect([1, 2, 3, 4, 6, 7].map(bar)).toEqual(['r', 'er', 'per', 'peer', 'ppeerr', 'ppeeerr']);
  });
});
