import { type Kysely, type Transaction } from 'kysely';
import { checkedCursor, type Page, pageOfRows, type repositories } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Instant } from '@whoosh/stdx';

export interface SyncRecord {
  readonly id: string;
  readonly repositoryId: string;
  readonly operation: repositories.SyncLogEntry['operation'];
  readonly status: repositories.SyncLogEntry['status'];
  readonly message: string;
  readonly issuesSeen: number;
  readonly issuesChanged: number;
  readonly durationMs: number;
  readonly at: Instant;
}

/** Changes, errors and sweeps of a repository. The monitor is the only writer of `repository_sync_logs`. */
export class SyncLogStore {
  async add(db: Kysely<DB> | Transaction<DB>, record: SyncRecord): Promise<void> {
    await db
      .insertInto('repository_sync_logs')
      .values({
        id: record.id,
        repository_id: record.repositoryId,
        operation: record.operation,
        status: record.status,
        message: record.message.slice(0, 1_000),
        issues_seen: record.issuesSeen,
        issues_changed: record.issuesChanged,
        duration_ms: Math.round(record.durationMs),
        at: new Date(record.at),
      })
      .execute();
  }

  async list(
    db: Kysely<DB>,
    filter: { id: string; limit: number; cursor?: string | undefined },
  ): Promise<Page<repositories.SyncLogEntry>> {
    let query = db.selectFrom('repository_sync_logs').selectAll().where('repository_id', '=', filter.id);
    const before = checkedCursor(filter.cursor);
    if (before !== undefined) query = query.where('id', '<', before);
    const rows = await query
      .orderBy('id', 'desc')
      .limit(filter.limit + 1)
      .execute();
    const entries = rows.map((row) => ({
      ...row,
      operation: row.operation as SyncRecord['operation'],
      status: row.status as SyncRecord['status'],
      at: row.at.toISOString(),
    }));
    return pageOfRows(entries, filter.limit);
  }
}
