import { type tasks, type Priority } from '@whoosh/contracts';
import { tasks as contract } from '@whoosh/contracts';
import { canonicalJson, sha256Hex, truncateUtf8 } from '@whoosh/stdx';
import { BRIEF_LABEL, WORK_LABEL } from './labels.ts';

export type TaskKind = tasks.TaskView['kind'];

/** What an issue (or another source) says, read once and normalised: the only form in which the rules see it. */
export interface Content {
  readonly sourceType: string;
  readonly externalId: string;
  readonly repositoryId: string | null;
  readonly repository: string | null;
  readonly number: number | null;
  readonly title: string;
  readonly body: string;
  readonly bodySha256: string;
  readonly bodyTruncated: boolean;
  readonly url: string | null;
  readonly labels: readonly string[];
  readonly assignees: readonly string[];
  readonly author: string | null;
  readonly issueState: 'open' | 'closed';
  readonly priority: Priority;
  readonly kind: TaskKind;
  readonly contentRevision: string;
  /** When the source says it last changed, Unix milliseconds; whole seconds in Gitea. */
  readonly sourceUpdatedAt: number | null;
}

export type RawContent = Omit<
  Content,
  'bodySha256' | 'bodyTruncated' | 'kind' | 'contentRevision' | 'priority'
> & {
  readonly priority?: Priority | undefined;
};

/** Titles longer than Gitea's own limit come from other sources; they are cut like Gitea cuts them. */
const TITLE_BYTES_MAX = 255 * 4;

/** Cuts what is too long, decides the kind, and computes the revision by which a repeat is recognised. */
export function normalise(raw: RawContent): Content {
  const { text: body, truncated } = truncateUtf8(withoutNul(raw.body), contract.TASK_BODY_BYTES_MAX);
  const title = truncateUtf8(withoutNul(raw.title), TITLE_BYTES_MAX).text;
  const labels = [...new Set(raw.labels)].toSorted();
  const assignees = [...new Set(raw.assignees)].toSorted();
  return {
    ...raw,
    title,
    body,
    labels,
    assignees,
    bodySha256: sha256Hex(raw.body),
    bodyTruncated: truncated,
    kind: kindOf(title, labels),
    priority: raw.priority ?? priorityOf(labels),
    contentRevision: sha256Hex(canonicalJson([title, raw.body, raw.issueState, labels, assignees])),
  };
}

/** PostgreSQL's text cannot hold a NUL, and nobody misses it. */
function withoutNul(text: string): string {
  return text.replaceAll('\u0000', '');
}

/** A brief needs its label and "Design Brief" in the title, in any case; where both labels are, the brief wins. */
export function kindOf(title: string, labels: readonly string[]): TaskKind {
  if (labels.includes(BRIEF_LABEL) && title.toLowerCase().includes('design brief')) return 'brief';
  return labels.includes(WORK_LABEL) ? 'work' : 'other';
}

/** Whether an issue concerns us at all when only CHORUS labels are wanted. */
export function hasChorusLabel(labels: readonly string[]): boolean {
  return labels.includes(BRIEF_LABEL) || labels.includes(WORK_LABEL);
}

const PRIORITY_WORDS: readonly [Priority, RegExp][] = [
  ['critical', /^(priority[/: -]*)?(critical|urgent|p0|blocker)\b/i],
  ['high', /^(priority[/: -]*)(high|important|p1)\b|^(high|p1)$/i],
  ['low', /^(priority[/: -]*)(low|minor|p3|backlog)\b|^(low|p3)$/i],
];

export function priorityOf(labels: readonly string[]): Priority {
  return PRIORITY_WORDS.find(([, word]) => labels.some((label) => word.test(label)))?.[0] ?? 'medium';
}
