import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { priorityOf, taskType } from './classify.ts';
import { readable } from './task-text.ts';
import { type TaskType } from './task-types.ts';

interface Labelled {
  readonly title: string;
  readonly body: string;
  readonly labels: string[];
  readonly type: TaskType;
}

const ISSUES = JSON.parse(
  readFileSync(new URL('../../fixtures/labelled-issues.json', import.meta.url), 'utf8'),
) as Labelled[];

/** Floors a little below what is reached (see the README), so that a change of the words cannot lose it unseen. */
const ACCURACY_MIN = 0.95;
const ACCURACY_WITHOUT_LABELS_MIN = 0.85;

const accuracy = (issues: readonly Labelled[]) => {
  const wrong = issues.filter((issue) => taskType(readable(issue)).type !== issue.type);
  return {
    share: 1 - wrong.length / issues.length,
    wrong: wrong.map((issue) => `${issue.type} read as ${taskType(readable(issue)).type}: ${issue.title}`),
  };
};

test('classifies real issues as their projects labelled them', ({ annotate }) => {
  const { share, wrong } = accuracy(ISSUES);
  void annotate([`accuracy ${share.toFixed(3)} of ${ISSUES.length}`, ...wrong].join('\n'));
  expect(share).toBeGreaterThanOrEqual(ACCURACY_MIN);
});

test('classifies them without their labels too, less well', ({ annotate }) => {
  const { share, wrong } = accuracy(ISSUES.map((issue) => ({ ...issue, labels: [] })));
  void annotate([`accuracy without labels ${share.toFixed(3)} of ${ISSUES.length}`, ...wrong].join('\n'));
  expect(share).toBeGreaterThanOrEqual(ACCURACY_WITHOUT_LABELS_MIN);
});

test.for([
  { title: 'Fix login', body: '', labels: [], type: 'bug_fix' },
  { title: 'feat: CSV export', body: '', labels: [], type: 'feature_development' },
  { title: 'chore(deps): bump zod', body: '', labels: [], type: 'maintenance' },
  { title: 'Something else entirely', body: '', labels: [], type: 'feature_development' },
  { title: 'Task', body: 'It is slow: a page takes long, high latency.', labels: [], type: 'optimization' },
  { title: 'Look at this', body: '```\npanic: nil pointer\n```', labels: ['research'], type: 'research' },
])('reads "$title" $labels as $type', ({ title, body, labels, type }) => {
  expect(taskType(readable({ title, body, labels })).type).toBe(type);
});

test('says which words decided', () => {
  const { evidence } = taskType(
    readable({ title: 'App crashes', body: 'Steps to reproduce', labels: ['Bug'] }),
  );
  expect(evidence).toEqual(['label: "bug"', 'title: "crashes"', 'body: "steps to reproduce"']);
});

test.for([
  { labels: ['priority/critical'], body: '', priority: 'critical' },
  { labels: ['P1'], body: '', priority: 'high' },
  { labels: ['Priority-Normal (Not urgent)'], body: '', priority: 'medium' },
  { labels: ['priority: low'], body: 'an outage', priority: 'low' },
  { labels: [], body: 'We have an outage', priority: 'critical' },
  { labels: [], body: '', priority: 'medium' },
])('takes priority $priority from $labels "$body"', ({ labels, body, priority }) => {
  expect(priorityOf(readable({ title: '', body, labels }))).toBe(priority);
});

test('any text is classified, always the same way, in bounded time', () => {
  const text = fc.record({
    title: fc.string(),
    body: fc.oneof(
      fc.string({ maxLength: 2_000 }),
      fc.constant('`'.repeat(200_000)),
      fc.constant('move a '.repeat(50_000)),
    ),
    labels: fc.array(fc.string(), { maxLength: 5 }),
  });
  fc.assert(
    fc.property(text, (one) => {
      expect(taskType(readable(one))).toEqual(taskType(readable(one)));
    }),
    { numRuns: 50 },
  );
});
