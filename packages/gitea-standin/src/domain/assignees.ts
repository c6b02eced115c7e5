import { unprocessable } from './api-error.ts';
import { findUser } from './lookup.ts';
import { nextId, type Issue, type User } from './model.ts';
import { announceIssue, type Stale } from './snapshot.ts';
import { type Turn } from './turn.ts';

export interface WantedAssignees {
  readonly assignee?: string | undefined;
  readonly assignees?: readonly string[] | undefined;
}

export function findAssignees(turn: Turn, wanted: WantedAssignees): User[] {
  const single = wanted.assignee === undefined || wanted.assignee === '' ? [] : [wanted.assignee];
  const logins = new Set([...(wanted.assignees ?? []), ...single]);
  return [...logins].map((login) => {
    const user = findUser(turn.state, login);
    if (user?.kind !== 'person') throw unprocessable(`Assignee does not exist: [name: ${login}]`);
    return user;
  });
}

/** One delivery per person who comes or goes, those who go first. */
export function changeAssignees(turn: Turn, stale: Stale, issue: Issue, wanted: readonly User[]): void {
  const wantedIds = wanted.map((user) => user.id);
  for (const id of issue.assigneeIds.filter((present) => !wantedIds.includes(present))) {
    toggle(
      turn,
      issue,
      issue.assigneeIds.filter((present) => present !== id),
    );
    announceIssue(turn, stale, issue, { eventType: 'issue_assign', action: 'unassigned' });
  }
  for (const id of wantedIds.filter((coming) => !issue.assigneeIds.includes(coming))) {
    toggle(turn, issue, [...issue.assigneeIds, id]);
    announceIssue(turn, stale, issue, { eventType: 'issue_assign', action: 'assigned' });
  }
}

function toggle(turn: Turn, issue: Issue, assigneeIds: number[]): void {
  issue.assigneeIds = assigneeIds;
  issue.updatedS = turn.nowS;
  nextId(turn.state, 'comment');
}
