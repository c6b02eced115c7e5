/** What is wrong with a score, in words that say which key, and what would be right. */
import type * as z from 'zod';
import { scoreKeys, takesAt } from './score.ts';

export interface ScoreProblem {
  /** The key that the message is about; empty for the file as a whole. */
  readonly path: readonly string[];
  readonly message: string;
}

const SHOWN_CHARACTERS_MAX = 40;
/** A name this many letters off is taken for a slip of the pen. */
const SLIP_LETTERS_MAX = 3;

/** @param value what the score holds, as read from the file */
export function scoreProblems(error: z.ZodError, value: unknown): ScoreProblem[] {
  const problems = new Map<string, ScoreProblem>();
  for (const problem of error.issues.flatMap((issue) => problemsOf(issue, value))) {
    // Of one key the first complaint is enough: what would be right answers them all.
    const place = problem.path.join('.');
    if (!problems.has(place)) problems.set(place, problem);
  }
  return [...problems.values()];
}

function problemsOf(issue: z.core.$ZodIssue, value: unknown): ScoreProblem[] {
  const place = keyOf(issue.path);
  const name = place.join('.');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknown(place, key));
  if (place.length === 0) {
    return [{ path: [], message: `the score is no list of keys; right would be the sections ${sections()}` }];
  }
  const right = takesAt(place) ?? 'another value';
  const found = valueAt(value, place);
  if (found === undefined) return [{ path: place, message: `${name} is missing; right would be ${right}` }];
  if (issue.code === 'custom')
    return [{ path: place, message: `${name} is ${shown(found)}: ${issue.message}` }];
  return [{ path: place, message: `${name} is ${shown(found)}; right would be ${right}` }];
}

function unknown(parent: readonly string[], key: string): ScoreProblem {
  const known = childrenOf(parent);
  const [nearest] = known
    .map((name) => ({ name, distance: lettersApart(name, key) }))
    .filter(({ distance }) => distance <= SLIP_LETTERS_MAX)
    .toSorted((left, right) => left.distance - right.distance);
  const right = nearest === undefined ? `one of ${known.join(', ')}` : nearest.name;
  const path = [...parent, key];
  return { path, message: `${path.join('.')} is not a key of a score; right would be ${right}` };
}

function sections(): string {
  return childrenOf([]).join(', ');
}

function childrenOf(parent: readonly string[]): string[] {
  const prefix = parent.join('.');
  return scoreKeys()
    .filter(({ path }) => path.length === parent.length + 1 && path.slice(0, -1).join('.') === prefix)
    .map(({ path }) => path.at(-1) as string);
}

/** The key an issue is about: the members of a pair of beats belong to the pair. */
function keyOf(path: readonly PropertyKey[]): string[] {
  const names = path.map(String);
  while (names.length > 0 && typeof path[names.length - 1] === 'number') names.pop();
  return names;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}…`;
}

/** Levenshtein's distance, row by row. */
function lettersApart(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (const [at, letter] of left.split('').entries()) {
    const next = [at + 1];
    for (const [other, otherLetter] of right.split('').entries()) {
      const changed = (row[other] ?? 0) + (letter === otherLetter ? 0 : 1);
      next.push(Math.min(changed, (row[other + 1] ?? 0) + 1, (next[other] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
