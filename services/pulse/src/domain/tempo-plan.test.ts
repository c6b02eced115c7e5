import { expect, test } from 'vitest';
import { apply } from './apply.ts';
import { type Score } from './score.ts';
import { planBars, planTempo, rampSteps } from './tempo-plan.ts';

const SCORE = apply(
  undefined,
  { type: 'init', epoch: 1, anchor: { index: 0, at: 1_000 }, tempo: 60, bar_length: 4 },
  1,
).score as Score;
const LIMITS = { minBpm: 10, maxBpm: 200 };

test.each([
  {
    name: 'a step, at the next downbeat',
    wish: { tempoBpm: 66, ramp: false },
    plan: { ok: true, atBeat: 4, entry: { type: 'tempo', at_beat: 4, tempo: 66 } },
  },
  {
    name: 'rounded to one decimal',
    wish: { tempoBpm: 65.04, ramp: false },
    plan: { ok: true, entry: { tempo: 65 } },
  },
  {
    name: 'too far at once',
    wish: { tempoBpm: 67, ramp: false },
    plan: { ok: false, range: { minBpm: 54, maxBpm: 66 } },
  },
  {
    name: 'a ramp',
    wish: { tempoBpm: 150, ramp: true },
    plan: { ok: true, entry: { type: 'ramp', at_beat: 4, target: 150 } },
  },
  {
    name: 'a ramp of one step is a step',
    wish: { tempoBpm: 65, ramp: true },
    plan: { ok: true, entry: { type: 'tempo', tempo: 65 } },
  },
  {
    name: 'a ramp beyond the limits',
    wish: { tempoBpm: 201, ramp: true },
    plan: { ok: false, range: LIMITS },
  },
])('$name', ({ wish, plan }) => {
  expect(planTempo(SCORE, wish, LIMITS, 2_500)).toMatchObject(plan);
});

test('a downbeat that a commit cannot reach any more is left to the next', () => {
  const plan = planTempo(SCORE, { tempoBpm: 66, ramp: false }, LIMITS, 5_001);
  expect(plan).toMatchObject({ ok: true, atBeat: 8 });
  const reserved = apply(SCORE, { type: 'reserve', index: 8, node: 'n', boot: 'b' }, 1).score as Score;
  expect(planTempo(reserved, { tempoBpm: 66, ramp: false }, LIMITS, 2_500)).toMatchObject({
    ok: true,
    atBeat: 12,
  });
});

test('the configured bar length is asked for once, and not while the tempo changes', () => {
  expect(planBars(SCORE, 4, 2_500)).toBeUndefined();
  const entry = planBars(SCORE, 6, 2_500);
  expect(entry).toEqual({ ok: true, entry: { type: 'bar', at_beat: 4, bar_length: 6 } });
  const changing = apply(SCORE, { type: 'bar', at_beat: 4, bar_length: 6 }, 1).score as Score;
  expect(planBars(changing, 6, 2_500)).toBeUndefined();
  const faster = apply(SCORE, { type: 'tempo', at_beat: 4, tempo: 66 }, 1).score as Score;
  expect(planBars(faster, 6, 2_500)).toBeUndefined();
});

test('bars that would last longer than two hours wait for a tempo that suits them', () => {
  const slow: Score = { ...SCORE, segment: { ...SCORE.segment, tempoBpm: 0.5 } };
  expect(planBars(slow, 100, 2_500)).toEqual({ ok: false, slowestBpm: 0.9 });
  expect(planBars(slow, 60, 2_500)).toMatchObject({ ok: true, entry: { bar_length: 60 } });
  expect(planBars({ ...slow, segment: { ...slow.segment, tempoBpm: 0.9 } }, 100, 2_500)).toMatchObject({
    ok: true,
  });
  // Out of a state that should not be there the way is open.
  const tooLong: Score = { ...slow, bars: { from: 0, length: 100 } };
  expect(planBars(tooLong, 90, 2_500)).toMatchObject({ ok: true, entry: { bar_length: 90 } });
  const wish = { tempoBpm: 0.6, ramp: false };
  expect(planTempo(tooLong, wish, { minBpm: 0.1, maxBpm: 900 }, 2_500)).toMatchObject({ ok: true });
  expect(planTempo(tooLong, { ...wish, tempoBpm: 0.5 }, LIMITS, 2_500)).toMatchObject({
    ok: false,
    range: { minBpm: 0.6, maxBpm: 0.6 },
  });
});

test('a ramp tells its steps, one a bar, as far as it is asked', () => {
  expect(rampSteps(SCORE, 9)).toEqual([]);
  const ramping = apply(SCORE, { type: 'ramp', at_beat: 4, target: 75 }, 1).score as Score;
  expect(rampSteps(ramping, 9)).toEqual([
    { tempoBpm: 66, atBeat: 4 },
    { tempoBpm: 72.6, atBeat: 8 },
    { tempoBpm: 75, atBeat: 12 },
  ]);
  expect(rampSteps(ramping, 2)).toHaveLength(2);
});
