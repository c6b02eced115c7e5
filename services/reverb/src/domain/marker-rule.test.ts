import { type backbeat } from '@whoosh/contracts';
import { describe, expect, test } from 'vitest';
import { BEAT_MS, fold, GRACE_MS, reportsOf, START_MS, WrittenStream } from '../../test/written-stream.ts';
import { WindowBook } from './window-book.ts';

/** Two honest windows, then a forged marker in mid-window, then two more honest ones. */
function around(from: number, to: number, rest: Partial<backbeat.WindowClose>): WrittenStream {
  return new WrittenStream()
    .at(1)
    .claim('a', 1)
    .close(0, 3)
    .at(5)
    .claim('a', 5)
    .close(4, 7)
    .at(9)
    .mark(from, to, rest)
    .at(9.5)
    .claim('a', 9)
    .close(8, 11)
    .at(13)
    .claim('a', 13)
    .close(12, 15);
}

describe('a forged marker', () => {
  test.each<[string, number, number, Partial<backbeat.WindowClose>]>([
    ['far ahead', 2 ** 50, 2 ** 50 + 3, {}],
    ['of the window after the next', 12, 15, {}],
    ['of ten thousand beats', 8, 10_007, {}],
    ['that says nothing of the tempo', 8, 9, { beat_ms: undefined, elapsed_ms: undefined }],
    ['of a tempo that no step leads to', 8, 9, { beat_ms: 100_000 }],
    ['of a tempo that there is not', 8, 9, { beat_ms: 1e-9 }],
    ['of a new life while this one goes on', 0, 3, { epoch: 2 }],
    ['of a life of the future', 0, 3, { epoch: START_MS + 10 * 86_400_000 }],
  ])('%s ends nothing', (_, from, to, rest) => {
    const stream = around(from, to, rest);
    expect(reportsOf(stream).map((report) => [report.from_beat, report.agents_reporting])).toEqual([
      [0, 1],
      [4, 1],
      [8, 1],
      [12, 1],
    ]);
  });

  test('that tells of an end long ago does not let the next one be far ahead', () => {
    const stream = around(8, 9, { elapsed_ms: 1e15 }).at(17).mark(16, 400);
    expect(reportsOf(stream.close(16, 19)).map((report) => report.to_beat)).toEqual([3, 7, 9, 11, 15, 19]);
  });

  test('before there is a grid cannot be further than the life is old', () => {
    const epoch = START_MS - 60_000;
    const stream = new WrittenStream()
      .at(1)
      .mark(2 ** 50, 2 ** 50 + 3, { epoch })
      .claim('a', 1)
      .close(0, 3, { epoch });
    expect(reportsOf(stream).map((report) => report.from_beat)).toEqual([0]);
  });
});

describe('an honest marker is believed', () => {
  /** Windows of these lengths and tempos, one behind the other, each closed after its grace. */
  function play(bars: readonly { beats: number; beatMs: number; latencyMs?: number }[]): WrittenStream {
    const stream = new WrittenStream();
    let endMs = START_MS;
    let from = 0;
    for (const { beats, beatMs, latencyMs = 0 } of bars) {
      endMs += beats * beatMs;
      stream.nowMs = endMs + GRACE_MS + latencyMs;
      stream.mark(from, from + beats - 1, { beat_ms: beatMs, elapsed_ms: GRACE_MS });
      from += beats;
    }
    return stream;
  }
  const bar = (beats: number, beatMs: number, latencyMs = 0) => ({ beats, beatMs, latencyMs });

  test.each([
    [
      'as the tempo rises by a tenth with every bar',
      Array.from({ length: 23 }, (_, i) => bar(4, 500 / 1.1 ** i)),
    ],
    ['as it falls', Array.from({ length: 30 }, (_, i) => bar(4, 500 / 0.9 ** i))],
    ['as it falls below one beat a minute', [bar(4, 120_000), bar(4, 150_000), bar(4, 200_000)]],
    [
      'as the bars grow shorter and longer',
      [bar(4, 500), bar(1, 500), bar(16, 500), bar(3, 500), bar(1, 500)],
    ],
    [
      'though the one before was under way for long',
      [bar(4, 500), bar(4, 500, 900), bar(4, 500), bar(4, 500)],
    ],
  ])('%s', (_, bars) => {
    expect(reportsOf(play(bars)).length).toBe(bars.length);
  });

  test('after hours in which nobody closed a window', () => {
    const stream = new WrittenStream()
      .close(0, 3)
      .at(20_000)
      .close(39_000, 39_003, { beat_ms: BEAT_MS / 2 });
    expect(reportsOf(stream).map((report) => report.from_beat)).toEqual([0, 39_000]);
  });

  test('when it is stored again behind one that came too early', () => {
    const stream = new WrittenStream().close(0, 3).at(5).mark(4, 7).mark(4, 7).at(8.3).mark(4, 7);
    expect(reportsOf(stream).map((report) => report.from_beat)).toEqual([0, 4]);
  });

  test('by a book from a checkpoint of before, which says less of the grid', () => {
    const stream = new WrittenStream().close(0, 3);
    const book = new WindowBook();
    fold(stream.messages, book);
    const { grid, ...rest } = book.checkpoint();
    const { beats: _, ...older } = grid ?? { endAtMs: 0, beatMs: 0, toBeat: 0 };
    const restored = WindowBook.restore({ ...rest, grid: older });
    const behind = stream.close(4, 7).messages.slice(-1);
    expect(fold(behind, restored).map(({ report }) => report.from_beat)).toEqual([4]);
  });

  test('of a new life when the old one is overdue', () => {
    const stream = new WrittenStream().close(40, 43).at(60).mark(0, 3, { epoch: 2, elapsed_ms: GRACE_MS });
    expect(reportsOf(stream).map((report) => report.from_beat)).toEqual([40, 0]);
  });
});
