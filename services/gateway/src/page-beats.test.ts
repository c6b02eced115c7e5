import { expect, test } from 'vitest';
import { type backbeat } from '@whoosh/contracts';
import { type HeardBeat, placed } from '../page/src/live/heard-beats.ts';

const frame = (index: number, at: number | undefined, windowId = 'a'): backbeat.BeatFrame => ({
  type: 'backbeat.beatframe.v1',
  cluster_id: 'test',
  beat_index: index,
  downbeat: false,
  phase: 'execution',
  hlc: '0000:0000:0000',
  deadline_at: '2026-01-01T00:00:00Z',
  tempo_bpm: 120,
  window_id: windowId.repeat(32),
  metadata: { at },
});
const placesOf = (heard: readonly (readonly [backbeat.BeatFrame, number])[]) =>
  heard
    .reduce<readonly HeardBeat[]>((beats, [next, arrivedMs]) => placed(beats, next, arrivedMs), [])
    .map(({ atMs }) => atMs);

test('beats lie on the grid of the pulse, where the frame with the least delay puts it', () => {
  const heard = [
    // Joined in the middle of a beat.
    [frame(4, 50_000), 1_400],
    [frame(5, 50_500), 1_520],
    [frame(6, 51_000), 2_003],
    [frame(7, 51_500), 2_900],
  ] as const;
  expect(placesOf(heard)).toEqual([1_003, 1_503, 2_003, 2_503]);
  expect(placesOf(heard.slice(0, 2))).toEqual([1_020, 1_520]);
});

test('a frame whose place is far from the grid moves no other', () => {
  const heard = [
    [frame(4, 50_000), 1_000],
    [frame(5, 50_500), 1_500],
    [frame(6, 9_000_000), 2_000],
    [frame(7, 51_500), 2_510],
    [frame(8, 52_000), 3_000],
  ] as const;
  expect(placesOf(heard)).toEqual([1_000, 1_500, 2_000, 2_500, 3_000]);
});

test('a cluster that began anew is another grid; a frame without a place is where it came', () => {
  expect(
    placesOf([
      [frame(4, 50_000), 1_000],
      [frame(0, 70_000, 'b'), 1_700],
    ]),
  ).toEqual([1_000, 1_700]);
  expect(
    placesOf([
      [frame(4, undefined), 1_000],
      [frame(5, undefined), 1_620],
    ]),
  ).toEqual([1_000, 1_620]);
});

test('the frame that greets a new reader is no second beat', () => {
  expect(
    placesOf([
      [frame(4, 50_000), 1_000],
      [frame(4, 50_000), 9_000],
    ]),
  ).toEqual([1_000]);
  expect(
    placesOf([
      [frame(4, 50_000), 1_000],
      [frame(4, 90_000, 'b'), 2_000],
    ]),
  ).toHaveLength(2);
});
