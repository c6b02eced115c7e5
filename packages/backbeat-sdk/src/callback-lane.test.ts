import { describe, expect, test } from 'vitest';
import { CallbackLane, type LaneReport } from './callback-lane.ts';
import { type Beat } from './domain/beat.ts';

const beat = (index: number): Beat => ({
  clusterId: 'c',
  epoch: 1,
  term: 1,
  index,
  downbeat: index % 4 === 0,
  phase: 'planning',
  windowId: '0'.repeat(32),
  windowFrom: index - (index % 4),
  windowTo: index - (index % 4) + 3,
  barLength: 4,
  tempoBpm: 120,
  deadlineAtMs: 0,
  degraded: false,
  replayed: false,
});
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function laneWith(report: Partial<LaneReport> = {}) {
  return new CallbackLane({ slow: () => undefined, failed: () => undefined, ...report });
}

describe('the lane of callbacks', () => {
  test('goes on when a callback throws, and tells of it; the others are called', async () => {
    const failed: unknown[] = [];
    const heard: number[] = [];
    const lane = laneWith({ failed: (cause) => void failed.push(cause) });
    lane.onBeat(() => {
      throw new Error('thrown');
    });
    lane.onBeat(() => Promise.reject(new Error('rejected')));
    lane.onBeat(({ index }) => void heard.push(index));
    for (let index = 0; index < 3; index += 1) {
      lane.offer(beat(index));
      await turn();
    }
    expect(heard).toEqual([0, 1, 2]);
    expect(failed.map(String)).toEqual(Array(3).fill(['Error: thrown', 'Error: rejected']).flat());
  });

  test('goes on when those who are told of it throw as well', async () => {
    const throws = () => {
      throw new Error('the reporter');
    };
    const heard: number[] = [];
    const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const lane = laneWith({ slow: throws, failed: throws });
    lane.onBeat(async ({ index }) => {
      heard.push(index);
      await gates[index]?.promise;
      throw new Error('callback');
    });
    lane.offer(beat(0));
    lane.offer(beat(1));
    lane.offer(beat(2));
    gates[0]?.resolve();
    await turn();
    gates[2]?.resolve();
    await turn();
    lane.offer(beat(3));
    await turn();
    expect(heard).toEqual([0, 2, 3]);
  });

  test('never overlaps callbacks; of the beats that come meanwhile the newest waits, a downbeat is kept', async () => {
    let running = 0;
    const order: string[] = [];
    const slow: number[] = [];
    const gate = Promise.withResolvers<void>();
    const lane = laneWith({ slow: ({ index }) => void slow.push(index) });
    const work = (name: string) => async (at: Beat) => {
      running += 1;
      expect(running).toBe(1);
      order.push(`${name} ${at.index}`);
      await gate.promise;
      running -= 1;
    };
    lane.onBeat(work('beat'));
    lane.onDownbeat(work('down'));
    for (const index of [3, 4, 5, 6]) lane.offer(beat(index));
    gate.resolve();
    await turn();
    expect(order).toEqual(['beat 3', 'down 4', 'beat 6']);
    expect(slow).toEqual([4, 5, 6]);
  });

  test('calls those who take no time at once, and a beat that they cause themselves after them', () => {
    const order: string[] = [];
    const lane = laneWith({ slow: ({ index }) => void order.push(`slow ${index}`) });
    lane.onDownbeat(({ index }) => void order.push(`down ${index}`));
    lane.onBeat(({ index }) => {
      order.push(`first ${index}`);
      if (index < 6) lane.offer(beat(index + 1));
    });
    lane.onBeat(({ index }) => void order.push(`second ${index}`));
    lane.offer(beat(4));
    const expected = [
      'down 4',
      'first 4',
      'slow 5',
      'second 4',
      'first 5',
      'slow 6',
      'second 5',
      'first 6',
      'second 6',
    ];
    expect(order).toEqual(expected);
  });

  test('calls nobody any more once it is closed, not even the others on the same beat', async () => {
    const heard: string[] = [];
    const lane = laneWith();
    const gate = Promise.withResolvers<void>();
    lane.onBeat(() => gate.promise);
    lane.onBeat(({ index }) => void heard.push(`second ${index}`));
    lane.offer(beat(1));
    lane.offer(beat(2));
    lane.close();
    gate.resolve();
    await turn();
    lane.offer(beat(3));
    expect(heard).toEqual([]);
  });
});
