import { describe, expect, test } from 'vitest';
import { isOverdue, Objectives } from './objectives.ts';

const good = { delayMs: 250, beatMs: 500, beats: 4, driftMs: 1 };

describe('objectives', () => {
  test('are met while nothing says otherwise', () => {
    expect(new Objectives().met(0)).toEqual({ rollup: true, drift: true });
  });

  test.each([
    [
      { ...good, delayMs: 500 },
      { rollup: true, drift: true },
    ],
    [
      { ...good, delayMs: 501 },
      { rollup: false, drift: true },
    ],
    [
      { ...good, driftMs: -20 },
      { rollup: true, drift: true },
    ],
    [
      { ...good, driftMs: 20.1 },
      { rollup: true, drift: false },
    ],
    [
      { ...good, driftMs: -20.1 },
      { rollup: true, drift: false },
    ],
    [
      { ...good, driftMs: undefined },
      { rollup: true, drift: true },
    ],
  ])('by the window %o are %o: one beat, one percent', (window, met) => {
    const objectives = new Objectives();
    objectives.add(window, 0);
    expect(objectives.met(0)).toEqual(met);
  });

  test('allow one in twenty', () => {
    const objectives = new Objectives();
    for (let i = 0; i < 19; i += 1) objectives.add(good, 0);
    objectives.add({ ...good, delayMs: 9_000, driftMs: 900 }, 0);
    expect(objectives.met(0)).toEqual({ rollup: true, drift: true });
    objectives.add({ ...good, delayMs: 9_000, driftMs: 900 }, 0);
    expect(objectives.met(0)).toEqual({ rollup: false, drift: false });
  });

  test('look back five minutes', () => {
    const objectives = new Objectives();
    objectives.add({ ...good, delayMs: 9_000 }, 0);
    expect(objectives.met(300_000).rollup).toBe(false);
    expect(objectives.met(300_001).rollup).toBe(true);
  });

  test('judge a report that is overdue before it comes', () => {
    const objectives = new Objectives();
    objectives.add(good, 0);
    expect([isOverdue(500, 500), isOverdue(501, 500)]).toEqual([false, true]);
    expect(objectives.met(0, true)).toEqual({ rollup: false, drift: true });
  });
});
