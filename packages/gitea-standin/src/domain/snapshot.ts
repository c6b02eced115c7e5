/**
 * What Gitea's deliveries say is older than the change they report: the repository (with its count of open issues)
 * and the milestone (with its counts) are as they were when the request began, while the issue is current.
 */
import { issueView, milestoneView, type IssueOverrides, type MilestoneView } from '../views/issue-view.ts';
import { permissionsOf, repositoryView, type RepositoryView } from '../views/repository-view.ts';
import { userView } from '../views/user-view.ts';
import { levelOf, requireActor } from './access.ts';
import { repositoryById, userById } from './lookup.ts';
import { type Issue, type Repository } from './model.ts';
import { type Turn } from './turn.ts';

export interface Stale {
  readonly repository: RepositoryView;
  readonly milestones: ReadonlyMap<number, MilestoneView>;
}

/** To be taken before anything is changed. */
export function staleOf(turn: Turn, repository: Repository): Stale {
  const milestones = turn.state.milestones.filter((milestone) => milestone.repositoryId === repository.id);
  return {
    repository: repositoryView(turn, repository),
    milestones: new Map(milestones.map((milestone) => [milestone.id, milestoneView(turn.state, milestone)])),
  };
}

export function staleIssueView(turn: Turn, stale: Stale, issue: Issue, overrides: IssueOverrides = {}) {
  const milestone = issue.milestoneId === null ? undefined : stale.milestones.get(issue.milestoneId);
  return issueView(turn, issue, milestone === undefined ? overrides : { ...overrides, milestone });
}

export interface IssueChanges {
  readonly title?: { readonly from: string };
  readonly body?: { readonly from: string };
}

export interface IssueNews {
  readonly eventType: 'issues' | 'issue_label' | 'issue_assign' | 'issue_milestone';
  readonly action: string;
  readonly changes?: IssueChanges;
  readonly overrides?: IssueOverrides;
  readonly commitId?: string;
}

/** Tells the hooks of a change of an issue, as the issue is now and the repository was before. */
export function announceIssue(turn: Turn, stale: Stale, issue: Issue, news: IssueNews): void {
  const payload = {
    action: news.action,
    number: issue.number,
    ...(news.changes === undefined ? {} : { changes: withLabelFields(news.changes) }),
    issue: staleIssueView(turn, stale, issue, news.overrides),
    repository: OF_THE_DOER.has(news.action) ? stale.repository : asSeenByPoster(turn, stale, issue),
    sender: senderView(turn),
    commit_id: news.commitId ?? '',
  };
  turn.notices.push({ ...addressOf(stale), event: 'issues', eventType: news.eventType, payload });
}

/** Changes whose delivery tells the permissions of him who made them; all others tell those of the issue's author. */
const OF_THE_DOER: ReadonlySet<string> = new Set([
  'assigned',
  'unassigned',
  'milestoned',
  'demilestoned',
  'deleted',
]);

function asSeenByPoster(turn: Turn, stale: Stale, issue: Issue): RepositoryView {
  const repository = repositoryById(turn.state, issue.repositoryId);
  const level = levelOf(turn.state, userById(turn.state, issue.posterId), repository);
  return { ...stale.repository, permissions: permissionsOf(level) };
}

export function withLabelFields(changes: IssueChanges) {
  return { ...changes, added_labels: null, removed_labels: null };
}

export function senderView(turn: Turn) {
  return userView(turn.site, requireActor(turn), 'anonymous');
}

export function addressOf(stale: Stale): { repositoryId: number; ownerId: number } {
  return { repositoryId: stale.repository.id, ownerId: stale.repository.owner.id };
}
