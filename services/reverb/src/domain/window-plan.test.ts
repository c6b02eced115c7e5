import { windowIdOf } from '@whoosh/backbeat-sdk';
import { describe, expect, test } from 'vitest';
import { gapBefore, graceOf, missedBeatsOf, tempoDriftOf, WindowPlan } from './window-plan.ts';

const bar = (index: number, { epoch = 1, tempoBpm = 120 } = {}) => ({
  epoch,
  index,
  windowId: windowIdOf('c', epoch, index - (index % 4)),
  windowFrom: index - (index % 4),
  windowTo: index - (index % 4) + 3,
  tempoBpm,
});

describe('the plan', () => {
  test('a window is due a grace after the downbeat that ends it', () => {
    const plan = new WindowPlan();
    for (let index = 0; index < 4; index += 1) {
      plan.hear(bar(index), index * 500);
      plan.beat(bar(index), index * 500);
      expect(plan.nextEnded()).toBeUndefined();
    }
    plan.hear(bar(4), 2_003);
    plan.beat(bar(4), 2_003);
    const ended = plan.nextEnded();
    expect(ended).toMatchObject({
      dueMs: 2_003 + 125,
      window: { from: 0, to: 3, windowId: windowIdOf('c', 1, 0) },
    });
    expect(ended && tempoDriftOf(ended.window)).toBe(3);
    expect(ended && missedBeatsOf(ended.window)).toBe(0);
  });

  test('ends windows by own beats too, and knows what was not heard', () => {
    const plan = new WindowPlan();
    plan.hear(bar(0), 0);
    plan.beat(bar(0), 0);
    plan.hear(bar(2), 1_000);
    for (let index = 1; index < 9; index += 1) plan.beat(bar(index), index * 500);
    const first = plan.nextEnded();
    expect(first).toMatchObject({ dueMs: 2_125, window: { from: 0 } });
    expect(first && missedBeatsOf(first.window)).toBe(2);
    expect(first && tempoDriftOf(first.window)).toBe(0);
    if (first !== undefined) plan.remove(first.window);
    const second = plan.nextEnded();
    expect(second).toMatchObject({ dueMs: 4_125, window: { from: 4, heard: new Set() } });
    expect(second && missedBeatsOf(second.window)).toBe(4);
  });

  test('of what was before the first frame nobody knows more than that the downbeat is missing', () => {
    const plan = new WindowPlan();
    plan.hear(bar(2), 0);
    plan.hear(bar(3), 500);
    plan.beat(bar(4), 1_000);
    const ended = plan.nextEnded();
    expect(ended && missedBeatsOf(ended.window)).toBe(1);
  });

  test('a drift that nobody knows is no perfect one: the downbeat behind the window is missing', () => {
    const plan = new WindowPlan();
    for (let index = 0; index < 4; index += 1) plan.hear(bar(index), index * 500);
    plan.beat(bar(4), 2_000);
    const ended = plan.nextEnded();
    expect(ended && [tempoDriftOf(ended.window), missedBeatsOf(ended.window)]).toEqual([0, 1]);
  });

  test('nor is one whose first downbeat is known from the stream alone', () => {
    const plan = new WindowPlan();
    plan.hear(bar(0), undefined);
    for (let index = 1; index < 5; index += 1) plan.hear(bar(index), index * 500);
    plan.beat(bar(4), 2_000);
    const ended = plan.nextEnded();
    expect(ended && [tempoDriftOf(ended.window), missedBeatsOf(ended.window)]).toEqual([0, 1]);
  });

  test('a new life of the cluster ends the window that was on', () => {
    const plan = new WindowPlan();
    plan.hear(bar(9), 0);
    plan.beat(bar(9), 0);
    plan.hear(bar(0, { epoch: 2 }), 700);
    plan.beat(bar(0, { epoch: 2 }), 700);
    expect(plan.nextEnded()).toMatchObject({ dueMs: 825, window: { epoch: 1, from: 8 } });
  });

  test('the grace is a quarter beat, at most half a second', () => {
    expect([graceOf({ beatMs: 500 }), graceOf({ beatMs: 30_000 })]).toEqual([125, 500]);
  });
});

describe('a gap', () => {
  const rows = [
    {
      name: 'none right behind the last closed window',
      closed: { epoch: 1, to: 7 },
      pending: [9],
      from: 8,
      expected: { froms: [], missed: 0 },
    },
    {
      name: 'windows with claims get a report, the others are counted',
      closed: { epoch: 1, to: 7 },
      pending: [9, 10, 17, 21],
      from: 24,
      expected: { froms: [8, 16, 20], missed: 1 },
    },
    {
      name: 'claims of the window itself are not its',
      closed: { epoch: 1, to: 7 },
      pending: [25],
      from: 24,
      expected: { froms: [], missed: 4 },
    },
    {
      name: 'an earlier life of the cluster leaves none',
      closed: { epoch: 0, to: 7 },
      pending: [9],
      from: 24,
      expected: { froms: [], missed: 0 },
    },
    {
      name: 'before anything was closed, counted back as far as there are claims',
      closed: undefined,
      pending: [14, 20],
      from: 24,
      expected: { froms: [12, 20], missed: 1 },
    },
  ];
  test.each(rows)('$name', ({ closed, pending, from, expected }) => {
    const gap = gapBefore({ epoch: 1, from, to: from + 3 }, closed, pending, 'c');
    expect({ froms: gap.windows.map((window) => window.from), missed: gap.missed }).toEqual(expected);
    for (const window of gap.windows) expect(window.windowId).toBe(windowIdOf('c', 1, window.from));
  });
});
