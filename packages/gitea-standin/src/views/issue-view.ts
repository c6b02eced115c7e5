import { fullNameOf, labelsFor, milestoneById, repositoryById, userById } from '../domain/lookup.ts';
import { type Comment, type Issue, type Milestone, type State } from '../domain/model.ts';
import { type Turn } from '../domain/turn.ts';
import { rfc3339, rfc3339OrNull } from '../wire/go-time.ts';
import { byName, labelView } from './label-view.ts';
import { sightOf, userView } from './user-view.ts';

export type MilestoneView = ReturnType<typeof milestoneView>;

export function milestoneView(state: State, milestone: Milestone) {
  const issues = state.issues.filter((issue) => issue.milestoneId === milestone.id);
  const closed = issues.filter((issue) => issue.state === 'closed').length;
  return {
    id: milestone.id,
    title: milestone.title,
    description: milestone.description,
    state: milestone.state,
    open_issues: issues.length - closed,
    closed_issues: closed,
    created_at: rfc3339(milestone.createdS),
    updated_at: rfc3339(milestone.updatedS),
    closed_at: rfc3339OrNull(milestone.closedS),
    due_on: rfc3339OrNull(milestone.dueS),
  };
}

/** Where a delivery's issue differs from the one that is stored. */
export interface IssueOverrides {
  readonly labelIds?: readonly number[];
  /** Keep the labels in the order of their ids instead of their names. */
  readonly labelsById?: boolean;
  readonly milestone?: MilestoneView | null;
  readonly createdS?: number;
  readonly updatedS?: number;
}

export type IssueView = ReturnType<typeof issueView>;

export function issueView(turn: Turn, issue: Issue, overrides: IssueOverrides = {}) {
  const { state, site } = turn;
  const repository = repositoryById(state, issue.repositoryId);
  const fullName = fullNameOf(state, repository);
  const poster = userById(state, issue.posterId);
  const wanted = overrides.labelIds ?? issue.labelIds;
  const labels = labelsFor(state, repository).filter((label) => wanted.includes(label.id));
  labels.sort(overrides.labelsById === true ? (left, right) => left.id - right.id : byName);
  const milestone = milestoneById(state, issue.milestoneId);
  // Assignees are shown as to a stranger, whoever asks.
  const assignees = issue.assigneeIds.map((id) => userView(site, userById(state, id), 'anonymous'));
  return {
    id: issue.id,
    url: `${site.rootUrl}api/v1/repos/${fullName}/issues/${issue.number}`,
    html_url: `${site.rootUrl}${fullName}/issues/${issue.number}`,
    number: issue.number,
    user: userView(site, poster, sightOf(turn.actor, poster)),
    original_author: '',
    original_author_id: 0,
    title: issue.title,
    body: issue.body,
    ref: '',
    assets: [],
    labels: labels.map((label) => labelView(state, site, label)),
    milestone: overrides.milestone ?? (milestone === undefined ? null : milestoneView(state, milestone)),
    assignee: assignees[0] ?? null,
    assignees: assignees.length === 0 ? null : assignees,
    state: issue.state,
    is_locked: issue.isLocked,
    comments: issue.comments,
    created_at: rfc3339(overrides.createdS ?? issue.createdS),
    updated_at: rfc3339(overrides.updatedS ?? issue.updatedS),
    closed_at: rfc3339OrNull(issue.closedS),
    due_date: rfc3339OrNull(issue.dueS),
    time_estimate: 0,
    pull_request: null,
    repository: {
      id: repository.id,
      name: repository.name,
      owner: userById(state, repository.ownerId).login,
      full_name: fullName,
    },
    pin_order: issue.pinOrder,
  };
}

export type CommentView = ReturnType<typeof commentView>;

export function commentView(turn: Turn, issue: Issue, comment: Comment) {
  const { state, site } = turn;
  const fullName = fullNameOf(state, repositoryById(state, issue.repositoryId));
  const issueUrl = `${site.rootUrl}${fullName}/issues/${issue.number}`;
  return {
    id: comment.id,
    html_url: `${issueUrl}#issuecomment-${comment.id}`,
    pull_request_url: '',
    issue_url: issueUrl,
    user: userView(site, userById(state, comment.posterId), 'anonymous'),
    original_author: '',
    original_author_id: 0,
    body: comment.body,
    assets: [],
    created_at: rfc3339(comment.createdS),
    updated_at: rfc3339(comment.updatedS),
  };
}
