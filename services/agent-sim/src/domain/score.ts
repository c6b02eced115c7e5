/** The score a fleet plays: how long tasks take, how often they go wrong, and how agents misbehave. */
import * as z from 'zod';

const Share = z.number().min(0).max(1);
const BEATS_MAX = 1_000;
const Beats = z
  .tuple([z.int().min(0).max(BEATS_MAX), z.int().min(0).max(BEATS_MAX)])
  .refine(([min, max]) => min <= max, 'the first number may not be larger than the second');
const SomeBeats = Beats.refine(([min]) => min >= 1, 'must be at least 1 beat');

export const Score = z.strictObject({
  name: z.string().min(1).max(64),
  task: z.strictObject({
    planning_beats: SomeBeats,
    executing_beats: SomeBeats,
    reviewing_beats: SomeBeats,
    idle_beats: Beats,
    failed: Share.describe('Share of tasks that fail'),
    blocked: Share.describe('Share of tasks that are blocked on the way'),
    blocked_beats: SomeBeats,
  }),
  help: z.strictObject({
    share: Share.describe('Share of an agent’s tasks in which it helps another one'),
    beats: SomeBeats,
  }),
  promises: z.strictObject({
    given: Share.describe('Share of tasks with a promise (`beats_left`)'),
    broken: Share.describe('Share of promises that are broken'),
    slip_beats: SomeBeats.describe('By how much a broken one is late'),
  }),
  claims: z
    .strictObject({
      silent: Share.describe('Share of beats on which a claim is left out'),
      late: Share.describe('Share of claims for a bar that is over'),
      lying: Share.describe('Share of claims that cannot be true'),
      duplicate: Share.describe('Share of claims that are sent twice'),
    })
    .refine(
      ({ silent, late, lying, duplicate }) => silent + late + lying + duplicate <= 1,
      'together they may not be more than 1',
    ),
  silence: z.strictObject({
    agents: Share.describe('Share of agents that fall silent now and then'),
    beats: SomeBeats,
  }),
});
export type Score = z.infer<typeof Score>;
