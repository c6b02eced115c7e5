/** The score a fleet plays: how long tasks take, how often they go wrong, and how agents misbehave. */
import * as z from 'zod';

const BEATS_MAX = 1_000;

const share = (what: string) => z.number().min(0).max(1).describe(what);
const beats = (what: string, leastBeats: 0 | 1 = 1) =>
  z
    .tuple([z.int().min(leastBeats).max(BEATS_MAX), z.int().min(leastBeats).max(BEATS_MAX)])
    .refine(([min, max]) => min <= max, 'the first number may not be larger than the second')
    .describe(what);

export const Score = z.strictObject({
  name: z.string().min(1).max(64).describe('What the log calls it'),
  task: z.strictObject({
    planning_beats: beats('Beats of planning'),
    executing_beats: beats('Beats of execution'),
    reviewing_beats: beats('Beats of review'),
    idle_beats: beats('Beats of rest behind a task', 0),
    failed: share('Share of tasks that fail'),
    blocked: share('Share of tasks that are blocked on the way'),
    blocked_beats: beats('Beats for which they are'),
  }),
  help: z.strictObject({
    share: share('Share of an agent’s tasks in which it helps another one'),
    beats: beats('Beats of helping'),
  }),
  promises: z.strictObject({
    given: share('Share of tasks with a promise (`beats_left`); help always has one'),
    broken: share('Share of promises that are broken'),
    slip_beats: beats('By how many beats a broken one was too small'),
  }),
  claims: z
    .strictObject({
      agents: share('Share of agents that do any of the following; the others never do'),
      silent: share('Share of their beats on which a StatusClaim is left out'),
      late: share('Share of their StatusClaims that are for a bar that is over'),
      lying: share(
        'Share of them that cannot be true: a far beat, another agent’s name, no state that exists',
      ),
      duplicate: share('Share of them that are sent twice'),
    })
    .refine(
      ({ silent, late, lying, duplicate }) => silent + late + lying + duplicate <= 1,
      'silent, late, lying and duplicate together may not be more than 1',
    ),
  silence: z.strictObject({
    agents: share('Share of agents that fall silent now and then'),
    begins: share('How likely such an agent falls silent on a beat'),
    beats: beats('Beats for which it is'),
  }),
});
export type Score = z.infer<typeof Score>;

/** One key of a score: where it is, what it sets, what it takes. */
export interface ScoreKey {
  readonly path: readonly string[];
  readonly what: string;
  readonly takes: string;
}

const TAKES = {
  share: 'a share between 0 and 1, such as 0.1',
  beats: `least and most beats, such as [1, 3], each 1 … ${BEATS_MAX}`,
  beatsOrNone: `least and most beats, such as [0, 3], each 0 … ${BEATS_MAX}`,
  name: 'a name of 1 … 64 characters',
  section: 'a section of keys',
} as const;

/** Every key, sections included, in the order of the score: for messages and for the documentation. */
export function scoreKeys(): ScoreKey[] {
  return keysOf(Score, []);
}

/** What belongs at a place; undefined where nothing does. */
export function takesAt(path: readonly PropertyKey[]): string | undefined {
  const keys = scoreKeys();
  for (let length = path.length; length > 0; length -= 1) {
    const place = path.slice(0, length).join('.');
    const key = keys.find((each) => each.path.join('.') === place);
    if (key !== undefined) return key.takes;
  }
  return undefined;
}

function keysOf(schema: z.core.$ZodType, path: readonly string[]): ScoreKey[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, child]) => {
    const at = [...path, name];
    return [{ path: at, what: child.description ?? '', takes: takenBy(child) }, ...keysOf(child, at)];
  });
}

function takenBy(schema: z.ZodType): string {
  if (schema instanceof z.ZodObject) return TAKES.section;
  if (schema instanceof z.ZodNumber) return TAKES.share;
  if (schema instanceof z.ZodTuple) return schema.safeParse([0, 0]).success ? TAKES.beatsOrNone : TAKES.beats;
  return TAKES.name;
}
