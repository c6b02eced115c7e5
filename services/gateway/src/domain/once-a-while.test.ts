import { expect, test } from 'vitest';
import { OnceAWhile } from './once-a-while.ts';

test('the first passes, then one per interval with the number of those before it; each kind by itself', () => {
  const gate = new OnceAWhile<'a' | 'b'>(1_000);
  expect(gate.pass('a', 0)).toBe(0);
  expect(gate.pass('a', 1)).toBeUndefined();
  expect(gate.pass('b', 2)).toBe(0);
  expect(gate.pass('a', 999)).toBeUndefined();
  expect(gate.pass('a', 1_000)).toBe(2);
  expect(gate.pass('a', 1_001)).toBeUndefined();
  expect(gate.pass('a', 2_000)).toBe(1);
});
