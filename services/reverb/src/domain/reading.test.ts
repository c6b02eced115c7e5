import { describe, expect, test } from 'vitest';
import { Reading, UNREAD_MESSAGES_MAX } from './reading.ts';

describe('a reading', () => {
  test('knows nothing before it begins, then what was announced', () => {
    const reading = new Reading();
    expect(reading.known).toBeUndefined();
    expect(reading.isCaughtUp).toBe(false);
    reading.begin(2);
    expect(reading.known).toBe(2);
    expect(reading.isCaughtUp).toBe(false);
    reading.take(1, 1);
    reading.take(2, 1);
    expect(reading).toMatchObject({ taken: 2, known: 3, lag: 1, isCaughtUp: true });
  });

  test('is caught up at the beginning of an empty stream, and no more when far behind', () => {
    const reading = new Reading();
    reading.begin(0);
    expect(reading.isCaughtUp).toBe(true);
    reading.take(1, UNREAD_MESSAGES_MAX + 1);
    expect(reading.isCaughtUp).toBe(false);
    reading.take(2, UNREAD_MESSAGES_MAX);
    expect(reading.isCaughtUp).toBe(true);
  });

  test('waits for nothing that was purged: the next message says what is left', () => {
    const reading = new Reading();
    reading.begin(1_000);
    reading.take(1, 0);
    expect(reading).toMatchObject({ known: 1, isCaughtUp: true });
  });

  test('waits for nothing that was purged: a heartbeat says that nothing is left', () => {
    const reading = new Reading();
    reading.begin(1_000);
    reading.take(1, 999);
    reading.idle(1);
    expect(reading).toMatchObject({ known: 1, lag: 0, isCaughtUp: true });
  });

  test('a heartbeat of a consumer that has sent more than came says nothing, a second one that it is lost', () => {
    const reading = new Reading();
    reading.begin(5);
    reading.take(1, 4);
    expect(reading.idle(3)).toBe('quiet');
    expect(reading.known).toBe(5);
    expect(reading.idle(3)).toBe('lost');
    reading.take(2, 3);
    expect(reading.idle(3)).toBe('quiet');
  });

  test('after an interruption it knows nothing until something comes', () => {
    const reading = new Reading();
    reading.begin(0);
    reading.interrupt();
    expect(reading.known).toBeUndefined();
    reading.take(1, 7);
    expect(reading.known).toBe(8);
    reading.interrupt();
    reading.idle(0);
    expect(reading.known).toBe(1);
  });
});
