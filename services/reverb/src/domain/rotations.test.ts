import { describe, expect, test } from 'vitest';
import { fold, GRACE_MS, issuesOf, reportsOf, WrittenStream } from '../../test/written-stream.ts';
import { WindowBook } from './window-book.ts';

describe('rotations', () => {
  const rotation = (name: string, state: string, beat: number) => ({
    type: 'backbeat.rotation.v1',
    name,
    state,
    beat_index: beat,
    hlc: '0000:0000:0000',
  });
  const subject = 'backbeat.c.rotation';

  test('takes no demand that is far ahead, nor keeps one that turns out to be', () => {
    const stream = new WrittenStream()
      .at(1)
      .put(subject, rotation('before the grid is known', 'required', 5_000))
      .claim('a', 1)
      .close(0, 3)
      .at(5)
      .claim('a', 5)
      .put(subject, rotation('far', 'required', 1_007))
      .put(subject, rotation('near', 'required', 1_006))
      .put(subject, '{}')
      .put(subject, rotation('far', 'done', 1_007))
      .close(4, 7);
    const [first, second] = reportsOf(stream);
    expect(issuesOf(first)).toEqual({ invalid_rotations: 1 });
    expect(issuesOf(second)).toEqual({ invalid_rotations: 2 });
    const book = new WindowBook();
    fold(stream.messages, book);
    expect(book.checkpoint().rotations).toEqual([{ name: 'near', beat: 1_006, isDone: false }]);
  });

  test('awaits so many at a time and no more', () => {
    const stream = new WrittenStream().at(1).claim('a', 1);
    for (let i = 0; i < 1_003; i += 1) stream.put(subject, rotation(`n${i}`, 'required', 2));
    stream.close(0, 3);
    expect(issuesOf(reportsOf(stream)[0])).toEqual({ rotations_unmet: 1_000, invalid_rotations: 3 });
  });

  test('awaits nothing of an old life in a new one', () => {
    const stream = new WrittenStream()
      .at(1)
      .claim('a', 1)
      .close(0, 3)
      .at(4)
      .put(subject, rotation('old', 'required', 30))
      .put(subject, rotation('new', 'required', 1))
      // Long after the old life has fallen silent.
      .at(40)
      .close(0, 3, { epoch: 2, elapsed_ms: GRACE_MS })
      .at(68)
      .close(4, 31, { epoch: 2, elapsed_ms: GRACE_MS });
    const [, first, second] = reportsOf(stream);
    expect(first?.secret_rotations_ok).toBe(false);
    expect(second?.secret_rotations_ok).toBe(true);
  });

  test('knows whether every required rotation was done', () => {
    const stream = new WrittenStream()
      .at(1)
      .put(subject, rotation('db', 'required', 1))
      .put(subject, rotation('db', 'done', 2))
      .close(0, 3)
      .at(4)
      .put(subject, rotation('api', 'required', 4))
      .put(subject, rotation('key', 'required', 4))
      .put(subject, rotation('key', 'failed', 5))
      .close(4, 7)
      .put(subject, rotation('api', 'done', 8))
      .close(8, 11);
    expect(reportsOf(stream).map((report) => report.secret_rotations_ok)).toEqual([true, false, true]);
    expect(issuesOf(reportsOf(stream)[1])).toEqual({ rotations_unmet: 2 });
  });
});
