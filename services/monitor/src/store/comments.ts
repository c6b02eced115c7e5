import { type Kysely, type Transaction } from 'kysely';
import { type DB } from '@whoosh/db';
import { sha256Hex, type Instant } from '@whoosh/stdx';

export interface UnpostedComment {
  readonly taskId: string;
  readonly attempt: number;
  readonly milestone: string;
  readonly body: string;
  readonly bodySha256: string;
  readonly giteaCommentId: number | null;
  readonly failures: number;
  readonly repository: string;
  readonly number: number;
}

/** A comment that Gitea refused this often is left: somebody would have to mend the cause, and edits start it again. */
export const COMMENT_FAILURES_MAX = 20;

/** One comment per task, attempt and milestone: row first, then Gitea, then its id. The monitor is the only writer of `issue_comments`. */
export class CommentStore {
  /** Says what the comment should read; returns whether that is news. */
  async want(
    trx: Transaction<DB>,
    comment: { taskId: string; attempt: number; milestone: string; body: string; at: Instant },
  ): Promise<boolean> {
    const digest = sha256Hex(comment.body);
    const at = new Date(comment.at);
    const written = await trx
      .insertInto('issue_comments')
      .values({
        task_id: comment.taskId,
        attempt: comment.attempt,
        milestone: comment.milestone,
        body: comment.body,
        body_sha256: digest,
        created_at: at,
        updated_at: at,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['task_id', 'attempt', 'milestone'])
          .doUpdateSet({
            body: comment.body,
            body_sha256: digest,
            failures: 0,
            last_error: null,
            updated_at: at,
          })
          .where('issue_comments.body_sha256', '<>', digest),
      )
      .returning('task_id')
      .executeTakeFirst();
    return written !== undefined;
  }

  async unposted(db: Kysely<DB>, limit: number): Promise<UnpostedComment[]> {
    const rows = await db
      .selectFrom('issue_comments as comment')
      .innerJoin('tasks as task', 'task.id', 'comment.task_id')
      .select([
        'comment.task_id',
        'comment.attempt',
        'comment.milestone',
        'comment.body',
        'comment.body_sha256',
        'comment.gitea_comment_id',
        'comment.failures',
      ])
      .select(['task.repository', 'task.number'])
      .where('comment.failures', '<', COMMENT_FAILURES_MAX)
      .where((where) =>
        where.or([
          where('comment.posted_sha256', 'is', null),
          where('comment.posted_sha256', '<>', where.ref('comment.body_sha256')),
        ]),
      )
      .where('task.repository', 'is not', null)
      .where('task.number', 'is not', null)
      .where('task.removed_at', 'is', null)
      .orderBy('comment.created_at')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      taskId: row.task_id,
      attempt: row.attempt,
      milestone: row.milestone,
      body: row.body,
      bodySha256: row.body_sha256,
      giteaCommentId: row.gitea_comment_id === null ? null : Number(row.gitea_comment_id),
      failures: row.failures,
      repository: row.repository ?? '',
      number: row.number ?? 0,
    }));
  }

  async posted(db: Kysely<DB>, comment: UnpostedComment, giteaCommentId: number): Promise<void> {
    await this.#at(db, comment)
      .set({
        posted_sha256: comment.bodySha256,
        gitea_comment_id: giteaCommentId,
        failures: 0,
        last_error: null,
      })
      .execute();
  }

  async failed(db: Kysely<DB>, comment: UnpostedComment, reason: string): Promise<void> {
    await this.#at(db, comment)
      .set({ failures: comment.failures + 1, last_error: reason.slice(0, 500) })
      .execute();
  }

  /** The comment was deleted in Gitea: forget its id, and it is posted anew. */
  async lost(db: Kysely<DB>, comment: UnpostedComment): Promise<void> {
    await this.#at(db, comment).set({ gitea_comment_id: null, posted_sha256: null }).execute();
  }

  #at(db: Kysely<DB>, comment: UnpostedComment) {
    return db
      .updateTable('issue_comments')
      .where('task_id', '=', comment.taskId)
      .where('attempt', '=', comment.attempt)
      .where('milestone', '=', comment.milestone);
  }
}
