/**
 * Posts what milestone comments should read. The row says what, Gitea is told, then the row learns the comment's id. After a crash in
 * between, the mark in the comment's own text finds it again: it is edited, never repeated.
 */
import { type Kysely } from 'kysely';
import { CallError } from '@whoosh/contracts';
import { type DB, type Duty } from '@whoosh/db';
import { type Log } from '@whoosh/telemetry';
import { marker } from '../domain/milestone.ts';
import { type Gitea } from '../gitea/client.ts';
import { type MonitorMetrics } from '../metrics.ts';
import { type CommentStore, type UnpostedComment } from '../store/comments.ts';

export interface PosterDeps {
  readonly db: Kysely<DB>;
  readonly duty: Duty;
  readonly gitea: Gitea;
  readonly comments: CommentStore;
  readonly metrics: MonitorMetrics;
  readonly log: Log;
}

const COMMENTS_PER_ROUND_MAX = 20;
/** So many comments without an answer in one round mean that Gitea is away, and not that one issue is stuck. */
const UNANSWERED_MAX = 3;

/** One round over what is not posted yet; returns how many were posted or edited. */
export async function postComments(deps: PosterDeps): Promise<number> {
  if (!(await deps.duty.held())) return 0;
  let done = 0;
  let unanswered = 0;
  for (const comment of await deps.comments.unposted(deps.db, COMMENTS_PER_ROUND_MAX)) {
    if (!(await deps.duty.held())) return done;
    try {
      const id = await post(deps, comment);
      await deps.comments.posted(deps.db, comment, id);
      deps.metrics.comments.inc({ result: comment.giteaCommentId === null ? 'posted' : 'edited' });
      done += 1;
    } catch (cause) {
      if (!(cause instanceof CallError)) throw cause;
      if (cause.code === 'unavailable') {
        unanswered += 1;
        if (unanswered >= UNANSWERED_MAX) return done;
        continue;
      }
      if (cause.code === 'not_found' && comment.giteaCommentId !== null)
        await deps.comments.lost(deps.db, comment);
      deps.metrics.comments.inc({ result: 'refused' });
      deps.log.warn(
        { task: comment.taskId, milestone: comment.milestone, err: cause },
        'gitea refused a comment',
      );
      await deps.comments.failed(deps.db, comment, cause.message);
    }
  }
  return done;
}

async function post(deps: PosterDeps, comment: UnpostedComment): Promise<number> {
  const mark = marker(comment.taskId, comment.attempt, comment.milestone);
  const body = `${comment.body}\n\n${mark}`;
  const known =
    comment.giteaCommentId ??
    (await deps.gitea.comments(comment.repository, comment.number)).find((posted) =>
      posted.body.includes(mark),
    )?.id;
  if (known === undefined) return deps.gitea.createComment(comment.repository, comment.number, body);
  await deps.gitea.editComment(comment.repository, known, body);
  return known;
}
