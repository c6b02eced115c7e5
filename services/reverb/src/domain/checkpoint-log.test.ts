import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CheckpointLog } from './checkpoint-log.ts';

const place = (sequence: number, marker: number, storedAtMs = 0) => ({ sequence, marker, storedAtMs });

describe('a checkpoint', () => {
  test('that is behind the newest known one is not to be written', () => {
    const log = new CheckpointLog(1_000);
    log.meet(place(120, 110));
    expect([100, 110, 111].map((marker) => log.isNewer(marker))).toEqual([false, false, true]);
  });

  test('is due when none was stored for the time, none is being written, and the own last one was met', () => {
    const log = new CheckpointLog(1_000);
    log.meet(place(10, 9, 5_000));
    expect([5_999, 6_000].map((now) => log.isDue(now))).toEqual([false, true]);
    log.beginWriting();
    expect(log.isDue(6_000)).toBe(false);
    log.endWriting(20);
    expect(log.isDue(6_000)).toBe(false);
    log.meet(place(20, 18, 6_100));
    expect([7_000, 7_100].map((now) => log.isDue(now))).toEqual([false, true]);
    log.beginWriting();
    log.endWriting(undefined);
    expect(log.isDue(7_100)).toBe(true);
  });

  test('of which the stream has let go counts for nothing', () => {
    const log = new CheckpointLog(1_000);
    log.meet(place(10, 9, 5_000));
    log.forget();
    expect([log.last, log.purgeBefore, log.isNewer(1), log.isDue(5_001)]).toEqual([0, 0, true, true]);
  });
});

test('whoever begins at the newest checkpoint finds all that was stored behind its marker', () => {
  const write = fc.record({ writer: fc.nat(2), lag: fc.nat(40), late: fc.boolean() });
  fc.assert(
    fc.property(fc.array(write, { maxLength: 40 }), (writes) => {
      const stream: ReturnType<typeof place>[] = [];
      const logs = [0, 1, 2].map(() => new CheckpointLog(0));
      let purgedBefore = 0;
      writes.forEach(({ writer, lag, late }, i) => {
        const log = logs[writer] as CheckpointLog;
        // A state from some time ago; what others wrote meanwhile was read, or not yet.
        const marker = Math.max(1, 10 * i + 5 - lag);
        if (!late) for (const met of stream) log.meet(met);
        if (!log.isNewer(marker) || log.last !== (stream.at(-1)?.sequence ?? 0)) return;
        stream.push(place(10 * i + 9, marker));
        purgedBefore = Math.max(purgedBefore, log.purgeBefore);
        expect(purgedBefore).toBeLessThanOrEqual(stream.at(-1)?.marker ?? 0);
      });
      expect(stream.map(({ marker }) => marker)).toEqual(
        stream.map(({ marker }) => marker).toSorted((a, b) => a - b),
      );
    }),
  );
});
