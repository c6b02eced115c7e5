import { type Insertable, type Kysely, type Selectable, type Transaction } from 'kysely';
import { CallError, checkedCursor, type Page, pageOfRows, type repositories } from '@whoosh/contracts';
import { type DB, type Repositories } from '@whoosh/db';
import { type Instant } from '@whoosh/stdx';
import { type Repository } from '../domain/repository.ts';

type Connection = Kysely<DB> | Transaction<DB>;

/** The monitored repositories. The monitor is the only writer of `repositories`. */
export class RepositoryStore {
  async lock(trx: Transaction<DB>, id: string): Promise<Repository | undefined> {
    const row = await trx
      .selectFrom('repositories')
      .selectAll()
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async lockByGiteaId(trx: Transaction<DB>, giteaId: number): Promise<Repository | undefined> {
    const row = await trx
      .selectFrom('repositories')
      .selectAll()
      .where('gitea_id', '=', String(giteaId))
      .forUpdate()
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async get(db: Connection, id: string): Promise<Repository> {
    const row = await db.selectFrom('repositories').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw new CallError('not_found', 'no such repository', { details: { id } });
    return fromRow(row);
  }

  async byGiteaId(db: Connection, giteaId: number): Promise<Repository | undefined> {
    const row = await db
      .selectFrom('repositories')
      .selectAll()
      .where('gitea_id', '=', String(giteaId))
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  /** Every repository whose issues are to be read, oldest first. */
  async monitored(db: Connection): Promise<Repository[]> {
    const rows = await db
      .selectFrom('repositories')
      .selectAll()
      .where('removed_at', 'is', null)
      .where('monitor_issues', '=', true)
      .where('sync_status', '<>', 'disabled')
      .orderBy('id')
      .execute();
    return rows.map(fromRow);
  }

  async list(
    db: Connection,
    filter: { limit: number; cursor?: string | undefined; sync_status?: string | undefined },
  ): Promise<Page<Repository>> {
    let query = db.selectFrom('repositories').selectAll().where('removed_at', 'is', null);
    if (filter.sync_status !== undefined) query = query.where('sync_status', '=', filter.sync_status);
    const before = checkedCursor(filter.cursor);
    if (before !== undefined) query = query.where('id', '<', before);
    const rows = await query
      .orderBy('id', 'desc')
      .limit(filter.limit + 1)
      .execute();
    return pageOfRows(rows.map(fromRow), filter.limit);
  }

  async insert(trx: Transaction<DB>, repository: Repository): Promise<void> {
    await trx.insertInto('repositories').values(toRow(repository)).execute();
  }

  async update(trx: Transaction<DB>, repository: Repository): Promise<void> {
    const { id, created_at: _created, ...rest } = toRow(repository);
    await trx.updateTable('repositories').set(rest).where('id', '=', id).execute();
  }

  /** Where polling goes on after a restart. No change of a life: nobody is told. */
  async advanceCursor(db: Connection, ids: readonly string[], cursor: Instant, now: Instant): Promise<void> {
    if (ids.length === 0) return;
    await db
      .updateTable('repositories')
      .set({ last_issue_sync: new Date(cursor), last_sync_at: new Date(now) })
      .where('id', 'in', ids)
      .execute();
  }

  async swept(db: Connection, id: string, now: Instant): Promise<void> {
    await db
      .updateTable('repositories')
      .set({ last_sweep_at: new Date(now), last_sync_at: new Date(now) })
      .where('id', '=', id)
      .execute();
  }
}

const iso = (at: Instant | null) => (at === null ? null : new Date(at).toISOString());
const date = (at: Instant | null) => (at === null ? null : new Date(at));

export function repositoryView(repository: Repository): repositories.RepositoryView {
  return {
    id: repository.id,
    gitea_id: repository.giteaId,
    full_name: repository.fullName,
    owner: repository.owner,
    name: repository.name,
    url: repository.url,
    default_branch: repository.defaultBranch,
    monitor_issues: repository.monitorIssues,
    chorus_labels_only: repository.chorusLabelsOnly,
    sync_status: repository.syncStatus,
    sync_error: repository.syncError,
    webhook: repository.webhook,
    last_issue_sync: iso(repository.lastIssueSync),
    last_sync_at: iso(repository.lastSyncAt),
    removed_at: iso(repository.removedAt),
    revision: repository.revision,
    created_at: new Date(repository.createdAt).toISOString(),
    updated_at: new Date(repository.updatedAt).toISOString(),
  };
}

function toRow(repository: Repository): Insertable<Repositories> & { id: string } {
  return {
    id: repository.id,
    gitea_id: repository.giteaId,
    full_name: repository.fullName,
    owner: repository.owner,
    name: repository.name,
    url: repository.url,
    default_branch: repository.defaultBranch,
    monitor_issues: repository.monitorIssues,
    chorus_labels_only: repository.chorusLabelsOnly,
    sync_status: repository.syncStatus,
    sync_error: repository.syncError,
    sync_failures: repository.syncFailures,
    retry_at: date(repository.retryAt),
    webhook: repository.webhook,
    webhook_id: repository.webhookId,
    webhook_secret_sha256: repository.webhookSecretSha256,
    last_issue_sync: date(repository.lastIssueSync),
    last_sync_at: date(repository.lastSyncAt),
    last_sweep_at: date(repository.lastSweepAt),
    removed_at: date(repository.removedAt),
    revision: repository.revision,
    created_at: new Date(repository.createdAt),
    updated_at: new Date(repository.updatedAt),
  };
}

// The CHECK constraints of the table hold these columns to the unions that the casts name.
function fromRow(row: Selectable<Repositories>): Repository {
  return {
    id: row.id,
    giteaId: Number(row.gitea_id),
    fullName: row.full_name,
    owner: row.owner,
    name: row.name,
    url: row.url,
    defaultBranch: row.default_branch,
    monitorIssues: row.monitor_issues,
    chorusLabelsOnly: row.chorus_labels_only,
    syncStatus: row.sync_status as Repository['syncStatus'],
    syncError: row.sync_error,
    syncFailures: row.sync_failures,
    retryAt: row.retry_at?.getTime() ?? null,
    webhook: row.webhook as Repository['webhook'],
    webhookId: row.webhook_id === null ? null : Number(row.webhook_id),
    webhookSecretSha256: row.webhook_secret_sha256,
    lastIssueSync: row.last_issue_sync?.getTime() ?? null,
    lastSyncAt: row.last_sync_at?.getTime() ?? null,
    lastSweepAt: row.last_sweep_at?.getTime() ?? null,
    removedAt: row.removed_at?.getTime() ?? null,
    revision: row.revision,
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  };
}
