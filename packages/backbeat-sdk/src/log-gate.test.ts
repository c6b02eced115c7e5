import { expect, test } from 'vitest';
import { LogGate } from './log-gate.ts';

test('of each kind one line a second passes, and says how many did not', () => {
  const gate = new LogGate();
  expect(gate.pass('malformed', 0)).toEqual({ held_back: 0 });
  expect(gate.pass('unsigned', 1)).toEqual({ held_back: 0 });
  for (let ms = 1; ms < 1_000; ms += 1) expect(gate.pass('malformed', ms)).toBeUndefined();
  expect(gate.pass('malformed', 1_000)).toEqual({ held_back: 999 });
  expect(gate.pass('malformed', 2_500)).toEqual({ held_back: 0 });
});
