import { expect, test } from 'vitest';
import { parseFrame } from './server-sent-events.ts';

test('reads id, event and data', () => {
  expect(parseFrame('id: 12\nevent: whoosh.task.opened.v1\ndata: {"a":1}')).toEqual({
    id: '12',
    event: 'whoosh.task.opened.v1',
    data: { a: 1 },
  });
});

test('an event over several lines, without a name', () => {
  expect(parseFrame('data: [1,\ndata:2]')).toEqual({ id: undefined, event: 'message', data: [1, 2] });
});

test('comments and what is not JSON are nothing', () => {
  expect(parseFrame(': alive')).toBeUndefined();
  expect(parseFrame('data: alive')).toBeUndefined();
});
