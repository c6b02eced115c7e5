import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HeardClaim } from './agent.ts';
import { ASK_AGAIN_AFTER_MS, Strangers } from './strangers.ts';

const said = (at: number): HeardClaim => ({
  beatIndex: 1,
  state: 'idle',
  taskId: null,
  beatsLeft: null,
  progress: null,
  at,
});

describe('a stranger', () => {
  test('is asked for at once, and again after a while', () => {
    const strangers = new Strangers(10);
    strangers.meet('a', said(0));
    expect(strangers.due(0, 5)).toEqual(['a']);
    strangers.asked(['a'], 0);
    strangers.meet('a', said(1));
    expect(strangers.due(ASK_AGAIN_AFTER_MS - 1, 5)).toEqual([]);
    expect(strangers.due(ASK_AGAIN_AFTER_MS, 5)).toEqual(['a']);
    expect(strangers.heard('a')).toEqual(said(1));
  });

  test('keeps its turn when it could not be asked for', () => {
    const strangers = new Strangers(10);
    for (const id of ['a', 'b', 'c']) strangers.meet(id, said(0));
    expect(strangers.due(0, 2)).toEqual(['a', 'b']);
    expect(strangers.due(1, 2)).toEqual(['a', 'b']);
  });

  test('that says no more is forgotten when it was asked for twice', () => {
    const strangers = new Strangers(10);
    for (const id of ['silent', 'speaks']) strangers.meet(id, said(0));
    strangers.asked(strangers.due(1, 5), 1);
    expect(strangers.size).toBe(2);
    strangers.meet('speaks', said(2));
    strangers.asked(strangers.due(9_000, 5), 9_000);
    expect(strangers.heard('silent')).toBeUndefined();
    expect(strangers.heard('speaks')).toEqual(said(2));
  });

  test('that is known meanwhile is none', () => {
    const strangers = new Strangers(10);
    strangers.meet('a', said(0));
    strangers.forget('a');
    strangers.asked(['a'], 0);
    expect(strangers.size).toBe(0);
  });

  test('beyond the limit is met when there is room again', () => {
    const strangers = new Strangers(1);
    strangers.meet('a', said(0));
    strangers.meet('b', said(0));
    expect(strangers.due(0, 5)).toEqual(['a']);
    strangers.forget('a');
    strangers.meet('b', said(1));
    expect(strangers.due(1, 5)).toEqual(['b']);
  });
});

test('everybody who goes on speaking has its turn, however many others do', () => {
  const schedule = fc.record({
    early: fc.integer({ min: 0, max: 60 }),
    newEachRound: fc.integer({ min: 0, max: 3 }),
    turns: fc.integer({ min: 4, max: 8 }),
    roundMs: fc.integer({ min: 100, max: 20_000 }),
  });
  fc.assert(
    fc.property(schedule, ({ early, newEachRound, turns, roundMs }) => {
      const strangers = new Strangers(10_000);
      const speaking = new Set(Array.from({ length: early }, (_, i) => `early ${i}`));
      const speak = (now: number) => {
        for (const id of speaking) strangers.meet(id, said(now));
      };
      speak(0);
      const roundsMax = Math.floor(early / turns) + 1;
      let round = 0;
      let due: string[] = [];
      // It comes last, and every round new ones come behind it.
      speaking.add('last');
      while (!due.includes('last')) {
        expect(round).toBeLessThan(roundsMax);
        const now = round * roundMs;
        speak(now);
        due = strangers.due(now, turns);
        expect(due.length).toBeLessThanOrEqual(turns);
        strangers.asked(due, now);
        round += 1;
        for (let i = 0; i < newEachRound; i += 1) speaking.add(`new ${round} ${i}`);
      }
      // And again: those before it in the line have had theirs since.
      const before = strangers.size;
      const again = round * roundMs + ASK_AGAIN_AFTER_MS;
      due = [];
      for (let turn = 0; !due.includes('last'); turn += 1) {
        expect(turn).toBeLessThan(Math.ceil(before / turns));
        const now = again + turn * roundMs;
        speak(now);
        due = strangers.due(now, turns);
        strangers.asked(due, now);
      }
    }),
  );
});
