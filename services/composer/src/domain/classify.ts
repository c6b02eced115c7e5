import { type teams } from '@whoosh/contracts';
import { type ReadableText, wordsFound } from './task-text.ts';
import {
  BODY_WEIGHT,
  BODY_WORDS_MAX,
  PREFIX_WEIGHT,
  type TaskType,
  TITLE_REPEAT_WEIGHT,
  TITLE_WEIGHT,
  TYPE_WORDS,
  type TypeWords,
} from './task-types.ts';

const EVIDENCE_MAX = 8;
const TITLE_WORDS_MAX = 3;

interface TypeScore {
  readonly type: TaskType;
  readonly score: number;
  readonly evidence: readonly string[];
}

/** What kind of work a task is, by a sum of weighted words, with the words that led to it. */
export function taskType(text: ReadableText): { type: TaskType; evidence: string[] } {
  const scores = TYPE_WORDS.map((words) => scoreOf(words, text));
  const best = scores.reduce((one, other) => (other.score > one.score ? other : one));
  if (best.score === 0) return { type: 'feature_development', evidence: [] };
  return { type: best.type, evidence: best.evidence.slice(0, EVIDENCE_MAX) };
}

function scoreOf(words: TypeWords, { title, body, labels }: ReadableText): TypeScore {
  const label = labels.find((one) => words.label.test(one));
  const inTitle = wordsFound(title, words.title, TITLE_WORDS_MAX);
  const inBody = wordsFound(body, words.body, BODY_WORDS_MAX);
  const isPrefixed = words.prefix.test(title);
  const titleScore = inTitle.length === 0 ? 0 : TITLE_WEIGHT + (inTitle.length - 1) * TITLE_REPEAT_WEIGHT;
  return {
    type: words.type,
    score:
      (label === undefined ? 0 : words.labelWeight) +
      (isPrefixed ? PREFIX_WEIGHT : 0) +
      titleScore +
      inBody.length * BODY_WEIGHT,
    evidence: [
      ...(label === undefined ? [] : [`label: "${label}"`]),
      ...inTitle.map((word) => `title: "${word}"`),
      ...inBody.map((word) => `body: "${word}"`),
    ],
  };
}

const PRIORITIES: readonly (readonly [teams.TeamView['classification']['priority'], RegExp, RegExp])[] = [
  [
    'critical',
    /critical|\bp0\b|urgent|blocker|sev-?[01]\b|emergency/,
    /\b(?:production (?:is )?down|urgent|outage|data loss)\b/,
  ],
  [
    'high',
    /high|\bp1\b|important|hi-prio|sev-?2\b/,
    /\b(?:as soon as possible|asap|blocks the release|high priority)\b/,
  ],
  [
    'low',
    /\blow\b|\bp[3-5]\b|nice[- ]to[- ]have|minor|trivial/,
    /\b(?:nice to have|low priority|not urgent)\b/,
  ],
];
const NOT_URGENT = /not urgent/;

/** From the labels, else from the title and body; `medium` when nothing is said. */
export function priorityOf({ title, body, labels }: ReadableText) {
  const text = `${title}\n${body}`;
  for (const [priority, label] of PRIORITIES) {
    if (labels.some((one) => label.test(one) && !NOT_URGENT.test(one))) return priority;
  }
  for (const [priority, , said] of PRIORITIES) {
    if (said.test(text) && !NOT_URGENT.test(text)) return priority;
  }
  return 'medium' as const;
}
