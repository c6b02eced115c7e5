import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withProgress } from './progress.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('silent for a second, then a line every five seconds, and none after the end', async () => {
  const lines: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  const waiting = withProgress('waiting for it', () => promise, {
    say: (line) => void lines.push(line),
    detail: () => 'not yet',
  });
  vi.advanceTimersByTime(999);
  expect(lines).toEqual([]);
  vi.advanceTimersByTime(5_002);
  expect(lines).toEqual(['  … waiting for it (1 s): not yet', '  … waiting for it (6 s): not yet']);
  resolve('done');
  expect(await waiting).toBe('done');
  vi.advanceTimersByTime(60_000);
  expect(lines).toHaveLength(2);
});
