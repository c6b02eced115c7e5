/**
 * Labels on an issue. Each label that comes or goes takes one id of the comments' sequence (it is an entry of the
 * timeline). The deliveries are wrong in known ways and reproduced so: replaced labels are reported as none, cleared
 * labels as still there.
 */
import { forbidden, notFound, unprocessable } from './api-error.ts';
import { can } from './access.ts';
import { labelsFor } from './lookup.ts';
import { nextId, type Issue, type Repository } from './model.ts';
import { announceIssue, staleOf } from './snapshot.ts';
import { type Turn } from './turn.ts';

/** All ids or all names; unknown ones are dropped without an error. */
export type WantedLabels = readonly (number | string)[];

export function addLabels(turn: Turn, repository: Repository, issue: Issue, wanted: WantedLabels): void {
  requireTriage(turn, repository);
  const stale = staleOf(turn, repository);
  const coming = known(turn, repository, wanted).filter((id) => !issue.labelIds.includes(id));
  change(turn, issue, [...issue.labelIds, ...coming], coming.length);
  announceIssue(turn, stale, issue, { eventType: 'issue_label', action: 'label_updated' });
}

export function replaceLabels(turn: Turn, repository: Repository, issue: Issue, wanted: WantedLabels): void {
  requireTriage(turn, repository);
  const stale = staleOf(turn, repository);
  const next = known(turn, repository, wanted);
  const going = issue.labelIds.filter((id) => !next.includes(id));
  const coming = next.filter((id) => !issue.labelIds.includes(id));
  change(turn, issue, next, going.length + coming.length);
  announceIssue(turn, stale, issue, {
    eventType: 'issue_label',
    action: 'label_updated',
    overrides: { labelIds: [] },
  });
}

export function removeLabel(turn: Turn, repository: Repository, issue: Issue, labelId: number): void {
  requireEditorOfLabels(turn, repository);
  const stale = staleOf(turn, repository);
  if (!labelsFor(turn.state, repository).some((label) => label.id === labelId)) {
    throw unprocessable(`label does not exist [label_id: ${labelId}]`);
  }
  const carried = issue.labelIds.includes(labelId);
  change(
    turn,
    issue,
    issue.labelIds.filter((id) => id !== labelId),
    carried ? 1 : 0,
  );
  announceIssue(turn, stale, issue, { eventType: 'issue_label', action: 'label_updated' });
}

export function clearLabels(turn: Turn, repository: Repository, issue: Issue): void {
  requireEditorOfLabels(turn, repository);
  const stale = staleOf(turn, repository);
  const old = issue.labelIds;
  change(turn, issue, [], old.length);
  announceIssue(turn, stale, issue, {
    eventType: 'issue_label',
    action: 'label_cleared',
    overrides: { labelIds: old },
  });
}

function change(turn: Turn, issue: Issue, next: number[], changed: number): void {
  if (changed === 0) return;
  issue.labelIds = next;
  issue.updatedS = turn.nowS;
  for (let entry = 0; entry < changed; entry += 1) nextId(turn.state, 'comment');
}

function known(turn: Turn, repository: Repository, wanted: WantedLabels): number[] {
  const labels = labelsFor(turn.state, repository);
  return labels
    .filter((label) => wanted.includes(label.id) || wanted.includes(label.name))
    .map((label) => label.id);
}

function requireTriage(turn: Turn, repository: Repository): void {
  if (!repository.hasIssues) throw notFound();
  if (!can(turn, repository, 'write')) throw forbidden('write permission is required');
}

function requireEditorOfLabels(turn: Turn, repository: Repository): void {
  if (!repository.hasIssues) throw notFound();
  if (!can(turn, repository, 'write')) throw forbidden(null);
}
