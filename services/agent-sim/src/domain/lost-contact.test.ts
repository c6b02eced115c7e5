import { expect, test } from 'vitest';
import { isContactLost } from './lost-contact.ts';

test.each([
  ['nobody for a minute, and never a beat', 60_001, undefined, true],
  ['nobody for a minute, the pulse included', 60_001, 60_001, true],
  ['a minute to the millisecond', 60_000, undefined, false],
  ['the gateway just now, the pulse long ago', 10, 1e9, false],
  ['the pulse just now, the gateway long ago', 1e9, 10, false],
])('%s', (_, spokenMs, frameMs, lost) => {
  expect(isContactLost({ spokenMs, frameMs })).toBe(lost);
});
