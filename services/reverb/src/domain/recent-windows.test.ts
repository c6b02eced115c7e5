import { describe, expect, test } from 'vitest';
import { fold, WrittenStream } from '../../test/written-stream.ts';
import {
  DETAILED_WINDOWS_MAX,
  RECENT_AGE_MAX_MS,
  RECENT_WINDOWS_MAX,
  RecentWindows,
} from './recent-windows.ts';

/** So many windows of one agent, closed one after the other. */
function windows(count: number) {
  const stream = new WrittenStream();
  for (let i = 0; i < count; i += 1)
    stream
      .at(i * 4 + 1)
      .claim('a', i * 4 + 1)
      .close(i * 4, i * 4 + 3);
  return fold(stream.messages);
}

const firstsOf = (recent: RecentWindows) => recent.all.map(({ report }) => report.from_beat);

describe('finished windows', () => {
  test('are kept newest first, so many and no more', () => {
    const recent = new RecentWindows();
    for (const window of windows(RECENT_WINDOWS_MAX + 5)) recent.add(window, 0);
    expect(recent.all).toHaveLength(RECENT_WINDOWS_MAX);
    expect(firstsOf(recent).slice(0, 2)).toEqual([416, 412]);
  });

  test('have their details while they are among the last four', () => {
    const recent = new RecentWindows();
    for (const window of windows(DETAILED_WINDOWS_MAX + 2)) recent.add(window, 0);
    expect(recent.all.map(({ agents }) => agents?.has('a') ?? null)).toEqual([
      ...Array.from({ length: DETAILED_WINDOWS_MAX }, () => true),
      null,
      null,
    ]);
  });

  test('go after five minutes, except the last four', () => {
    const recent = new RecentWindows();
    for (const [i, window] of windows(7).entries()) recent.add(window, i * 60_000);
    recent.forget(6 * 60_000);
    expect(firstsOf(recent)).toEqual([24, 20, 16, 12, 8, 4]);
    recent.forget(RECENT_AGE_MAX_MS + 10 * 60_000);
    expect(firstsOf(recent)).toEqual([24, 20, 16, 12]);
    expect(recent.all.every(({ agents }) => agents !== undefined)).toBe(true);
  });

  test('are found by their id in either case, and know that they are reported', () => {
    const recent = new RecentWindows();
    const [window] = windows(1);
    const id = window?.marker.window_id ?? '';
    if (window !== undefined) recent.add(window, 0);
    expect(recent.get(id.toUpperCase())?.summary.state).toBe('closed');
    recent.reported(id);
    expect(recent.get(id)?.summary).toMatchObject({ state: 'reported', claims: 1 });
  });
});
