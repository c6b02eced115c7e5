import { expect, test } from 'vitest';
import { retryAfterMs } from './rest.ts';

test.each([
  ['3', 3_000],
  ['0', 0],
  [' 7 ', 7_000],
  ['86400', 60_000],
  ['9'.repeat(400), 60_000],
  ['-5', undefined],
  ['', undefined],
  ['Infinity', undefined],
  ['0x10', undefined],
  ['Wed, 21 Oct 2037 07:28:00 GMT', undefined],
  [null, undefined],
])('Retry-After: %s is a wait of %s ms', (header, waitMs) => {
  expect(retryAfterMs(header)).toBe(waitMs);
});
