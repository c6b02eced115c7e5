import { describe, expect, test } from 'vitest';
import { Progress } from './progress.ts';

/** A follower of which everything up to 5 is known to match, asked anew from 6 on. */
function probing(): Progress {
  const progress = new Progress(1, 4);
  progress.acknowledged(5);
  progress.becomeProbe();
  progress.sentAppend(1, 0);
  return progress;
}

describe('a refusal', () => {
  test('takes the next try back to what the follower hints at', () => {
    const progress = new Progress(9, 4);
    expect(progress.refused(8, 3)).toBe(true);
    expect(progress.next).toBe(4);
  });

  test('never takes it back behind what matches, however late it comes', () => {
    const progress = probing();
    expect(progress.refused(5, 2)).toBe(true);
    expect(progress).toMatchObject({ match: 5, next: 6, flowPaused: false });
  });

  test('of another try than the last is old news', () => {
    const progress = probing();
    expect(progress.refused(4, 2)).toBe(false);
    expect(progress).toMatchObject({ next: 6, flowPaused: true });
  });
});
