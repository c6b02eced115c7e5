import { commentView } from '../views/issue-view.ts';
import { forbidden } from './api-error.ts';
import { can, requireActor } from './access.ts';
import { requireIssues, requireLive } from './issues.ts';
import { nextId, type Comment, type Issue, type Repository } from './model.ts';
import {
  addressOf,
  senderView,
  staleIssueView,
  staleOf,
  withLabelFields,
  type IssueChanges,
  type Stale,
} from './snapshot.ts';
import { type Turn } from './turn.ts';

/** A new comment moves the issue's `updated_at`; an edited or deleted one does not. */
export function createComment(turn: Turn, repository: Repository, issue: Issue, body: string): Comment {
  requireIssues(repository);
  requireLive(turn, repository);
  if (issue.isLocked && !can(turn, repository, 'write')) {
    throw forbidden('You cannot comment on a locked issue.');
  }
  const stale = staleOf(turn, repository);
  const comment: Comment = {
    id: nextId(turn.state, 'comment'),
    issueId: issue.id,
    posterId: requireActor(turn).id,
    body,
    createdS: turn.nowS,
    updatedS: turn.nowS,
  };
  turn.state.comments.push(comment);
  issue.comments += 1;
  issue.updatedS = turn.nowS;
  announceComment(turn, stale, issue, comment, { action: 'created' });
  return comment;
}

export function editComment(
  turn: Turn,
  repository: Repository,
  issue: Issue,
  comment: Comment,
  body: string,
): void {
  requireAuthor(turn, repository, comment);
  if (body === comment.body) return;
  const stale = staleOf(turn, repository);
  const changes = { body: { from: comment.body } };
  comment.body = body;
  comment.updatedS = turn.nowS;
  announceComment(turn, stale, issue, comment, { action: 'edited', changes });
}

export function deleteComment(turn: Turn, repository: Repository, issue: Issue, comment: Comment): void {
  requireAuthor(turn, repository, comment);
  const stale = staleOf(turn, repository);
  turn.state.comments = turn.state.comments.filter((one) => one !== comment);
  issue.comments -= 1;
  announceComment(turn, stale, issue, comment, { action: 'deleted' });
}

function requireAuthor(turn: Turn, repository: Repository, comment: Comment): void {
  if (requireActor(turn).id !== comment.posterId && !can(turn, repository, 'admin')) throw forbidden(null);
}

interface CommentNews {
  readonly action: 'created' | 'edited' | 'deleted';
  readonly changes?: IssueChanges;
}

function announceComment(turn: Turn, stale: Stale, issue: Issue, comment: Comment, news: CommentNews): void {
  const payload = {
    action: news.action,
    issue: staleIssueView(turn, stale, issue),
    comment: commentView(turn, issue, comment),
    ...(news.changes === undefined ? {} : { changes: withLabelFields(news.changes) }),
    repository: stale.repository,
    sender: senderView(turn),
    is_pull: false,
  };
  turn.notices.push({ ...addressOf(stale), event: 'issue_comment', eventType: 'issue_comment', payload });
}
