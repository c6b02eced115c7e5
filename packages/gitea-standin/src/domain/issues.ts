import { ApiError, archived, notFound } from './api-error.ts';
import { can, requireActor, requireAdmin, requireEditor } from './access.ts';
import { changeAssignees, findAssignees } from './assignees.ts';
import { fullNameOf, labelsFor, milestoneById } from './lookup.ts';
import { nextId, type Issue, type Repository } from './model.ts';
import { announceIssue, staleOf, type Stale } from './snapshot.ts';
import { cutTitle } from './title.ts';
import { type Turn } from './turn.ts';

/** Gitea's first `assigned` for a new issue is sent before the issue has its times. */
const BEFORE_STORED = { createdS: 0, updatedS: 0, labelsById: true } as const;

export interface NewIssue {
  readonly title: string;
  readonly body?: string | undefined;
  readonly labels?: readonly number[] | undefined;
  readonly assignee?: string | undefined;
  readonly assignees?: readonly string[] | undefined;
  readonly milestone?: number | undefined;
  readonly closed?: boolean | undefined;
  readonly dueS?: number | null | undefined;
}

export function requireIssues(repository: Repository): void {
  if (!repository.hasIssues) throw notFound();
}

export function requireLive(turn: Turn, repository: Repository): void {
  if (repository.isArchived) throw archived(fullNameOf(turn.state, repository));
}

/** Three deliveries for one creation: `assigned` (per assignee), `opened`, `label_updated`. */
export function createIssue(turn: Turn, repository: Repository, wanted: NewIssue): Issue {
  const { state, nowS } = turn;
  const poster = requireActor(turn);
  requireIssues(repository);
  requireLive(turn, repository);
  // Readers may open an issue; their labels, assignees and milestone are dropped without an error.
  const isWriter = can(turn, repository, 'write');
  const assignees = isWriter ? findAssignees(turn, wanted) : [];
  const known = new Set(labelsFor(state, repository).map((label) => label.id));
  const labelIds = [...new Set(isWriter ? wanted.labels : [])].filter((id) => known.has(id));
  const milestone = milestoneOf(turn, repository, isWriter ? (wanted.milestone ?? 0) : 0);
  const stale = staleOf(turn, repository);
  repository.lastNumber += 1;
  const issue: Issue = {
    id: nextId(state, 'issue'),
    repositoryId: repository.id,
    number: repository.lastNumber,
    posterId: poster.id,
    title: cutTitle(wanted.title),
    body: wanted.body ?? '',
    labelIds,
    assigneeIds: [],
    milestoneId: milestone,
    state: 'open',
    isLocked: false,
    pinOrder: 0,
    comments: 0,
    createdS: nowS,
    updatedS: nowS,
    closedS: null,
    dueS: wanted.dueS ?? null,
  };
  state.issues.push(issue);
  for (const _ of labelIds) nextId(state, 'comment');
  for (const assignee of assignees) {
    issue.assigneeIds.push(assignee.id);
    nextId(state, 'comment');
    announceIssue(turn, stale, issue, {
      eventType: 'issue_assign',
      action: 'assigned',
      overrides: BEFORE_STORED,
    });
  }
  const inIdOrder = { labelsById: true };
  announceIssue(turn, stale, issue, { eventType: 'issues', action: 'opened', overrides: inIdOrder });
  if (labelIds.length > 0) {
    announceIssue(turn, stale, issue, {
      eventType: 'issue_label',
      action: 'label_updated',
      overrides: inIdOrder,
    });
  }
  if (milestone !== null) {
    announceIssue(turn, stale, issue, { eventType: 'issue_milestone', action: 'milestoned' });
  }
  if (wanted.closed === true) changeState(turn, stale, issue, 'closed');
  return issue;
}

export interface IssueEdit {
  readonly title?: string | undefined;
  readonly body?: string | undefined;
  readonly state?: string | undefined;
  readonly assignee?: string | undefined;
  readonly assignees?: readonly string[] | undefined;
  readonly milestone?: number | undefined;
  readonly dueS?: number | null | undefined;
}

/** Every field that differs is a change of its own with a delivery of its own; what does not differ is silent. */
export function editIssue(turn: Turn, repository: Repository, issue: Issue, edit: IssueEdit): void {
  requireIssues(repository);
  requireEditor(turn, repository, issue);
  const isWriter = can(turn, repository, 'write');
  const assignees = isWriter ? findAssignees(turn, edit) : [];
  const stale = staleOf(turn, repository);
  changeText(turn, stale, issue, edit);
  if (edit.dueS !== undefined && isWriter) changeDueDate(turn, issue, edit.dueS);
  if (isWriter && (edit.assignees !== undefined || edit.assignee !== undefined)) {
    changeAssignees(turn, stale, issue, assignees);
  }
  if (isWriter && edit.milestone !== undefined) {
    changeMilestone(turn, stale, repository, issue, edit.milestone);
  }
  if (edit.state !== undefined) changeState(turn, stale, issue, edit.state);
}

function changeText(turn: Turn, stale: Stale, issue: Issue, edit: IssueEdit): void {
  const title = edit.title === undefined || edit.title === '' ? issue.title : cutTitle(edit.title);
  if (title !== issue.title) {
    const changes = { title: { from: issue.title } };
    issue.title = title;
    issue.updatedS = turn.nowS;
    nextId(turn.state, 'comment');
    announceIssue(turn, stale, issue, { eventType: 'issues', action: 'edited', changes });
  }
  if (edit.body !== undefined && edit.body !== issue.body) {
    const changes = { body: { from: issue.body } };
    issue.body = edit.body;
    issue.updatedS = turn.nowS;
    announceIssue(turn, stale, issue, { eventType: 'issues', action: 'edited', changes });
  }
}

/** A due date is told to no hook. */
export function changeDueDate(turn: Turn, issue: Issue, dueS: number | null): void {
  if (dueS === issue.dueS) return;
  issue.dueS = dueS;
  issue.updatedS = turn.nowS;
  nextId(turn.state, 'comment');
}

function changeMilestone(turn: Turn, stale: Stale, repository: Repository, issue: Issue, id: number): void {
  const milestone = milestoneOf(turn, repository, id);
  if (milestone === issue.milestoneId) return;
  const action = milestone === null ? 'demilestoned' : 'milestoned';
  issue.milestoneId = milestone;
  issue.updatedS = turn.nowS;
  nextId(turn.state, 'comment');
  touchMilestone(turn, issue);
  announceIssue(turn, stale, issue, { eventType: 'issue_milestone', action });
}

function milestoneOf(turn: Turn, repository: Repository, id: number): number | null {
  if (id === 0) return null;
  if (milestoneById(turn.state, id)?.repositoryId !== repository.id) throw notFound();
  return id;
}

/** `commitId` is set when a pushed commit closes the issue. */
export function changeState(turn: Turn, stale: Stale, issue: Issue, wanted: string, commitId?: string): void {
  if (wanted !== 'open' && wanted !== 'closed') throw new ApiError(412, `unknown state: ${wanted}`);
  if (wanted === issue.state) return;
  issue.state = wanted;
  issue.closedS = wanted === 'closed' ? turn.nowS : null;
  issue.updatedS = turn.nowS;
  nextId(turn.state, 'comment');
  touchMilestone(turn, issue);
  const action = wanted === 'closed' ? 'closed' : 'reopened';
  const commit = commitId === undefined ? {} : { commitId };
  announceIssue(turn, stale, issue, { eventType: 'issues', action, ...commit });
}

/** A milestone's own `updated_at` moves whenever its counts do. */
function touchMilestone(turn: Turn, issue: Issue): void {
  const milestone = milestoneById(turn.state, issue.milestoneId);
  if (milestone !== undefined) milestone.updatedS = turn.nowS;
}

export function deleteIssue(turn: Turn, repository: Repository, issue: Issue): void {
  requireAdmin(turn, repository);
  const { state } = turn;
  announceIssue(turn, staleOf(turn, repository), issue, { eventType: 'issues', action: 'deleted' });
  state.issues = state.issues.filter((one) => one !== issue);
  state.comments = state.comments.filter((comment) => comment.issueId !== issue.id);
  state.reactions = state.reactions.filter((reaction) => reaction.issueId !== issue.id);
}
