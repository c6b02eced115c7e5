import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HeardClaim } from './agent.ts';
import { isNews } from './claim-news.ts';

const believed: HeardClaim = {
  beatIndex: 7,
  state: 'executing',
  taskId: 't',
  beatsLeft: 3,
  progress: 0.5,
  at: 1_000_000,
};

describe('a claim is news', () => {
  test('of whom nothing is believed yet', () => {
    expect(isNews(undefined, believed)).toBe(true);
    expect(isNews(null, believed)).toBe(true);
  });

  test('with another state or task, at once', () => {
    expect(isNews(believed, { ...believed, state: 'completed' })).toBe(true);
    expect(isNews(believed, { ...believed, taskId: 'u' })).toBe(true);
    expect(isNews(believed, { ...believed, taskId: null })).toBe(true);
  });

  test('after two seconds of the same, either way of the clock', () => {
    const again = { ...believed, beatIndex: 8, beatsLeft: 2, progress: 0.6 };
    expect(isNews(believed, { ...again, at: believed.at + 1_999 })).toBe(false);
    expect(isNews(believed, { ...again, at: believed.at + 2_000 })).toBe(true);
    expect(isNews(believed, { ...again, at: believed.at - 2_000 })).toBe(true);
  });
});

test('whoever says the same all the time is looked at every two seconds, and never less often', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_500 }), { maxLength: 300 }), (pauses) => {
      let last = believed;
      let now = believed.at;
      let looks = 0;
      for (const pause of pauses) {
        now += pause;
        if (!isNews(last, { ...believed, at: now })) continue;
        // Had it come before this one, it would have been looked at then.
        expect(now - last.at).toBeLessThan(2_000 + pause);
        last = { ...believed, at: now };
        looks += 1;
      }
      expect(looks).toBeLessThanOrEqual((now - believed.at) / 2_000);
    }),
  );
});
