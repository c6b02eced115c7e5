import { expect, test } from 'vitest';
import { OwnBeats } from './own-beats.ts';

test('what came back was said, what did not was lost with the connection, once', () => {
  const own = new OwnBeats();
  expect(own.lost()).toBeUndefined();
  own.said(4, 100);
  expect(own.heard(4, 101)).toBe(1);
  expect(own.lost()).toBeUndefined();
  own.said(5, 200);
  own.said(6, 300);
  expect(own.heard(4, 301)).toBeNull();
  expect(own.lost()).toBe(5);
  expect(own.lost()).toBeUndefined();
});

test('a later beat that comes back vouches for those before it', () => {
  const own = new OwnBeats();
  own.said(5, 200);
  own.said(6, 300);
  expect(own.heard(6, 302)).toBe(2);
  expect(own.lost()).toBeUndefined();
  expect(own.lastIndex).toBe(6);
});
