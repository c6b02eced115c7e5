import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import {
  CallError,
  checkedCursor,
  type Page,
  pageOfRows,
  tasks as contract,
  type tasks,
} from '@whoosh/contracts';
import { type DB, type Tasks } from '@whoosh/db';
import { truncateUtf8 } from '@whoosh/stdx';
import { type Task } from '../domain/task.ts';

type Connection = Kysely<DB> | Transaction<DB>;

/** The tasks. The monitor is the only writer of `tasks`. */
export class TaskStore {
  /** The task of a source, locked until the transaction ends, so that its changes come one after another. */
  async lockBySource(
    trx: Transaction<DB>,
    sourceType: string,
    externalId: string,
  ): Promise<Task | undefined> {
    const row = await trx
      .selectFrom('tasks')
      .selectAll()
      .where('source_type', '=', sourceType)
      .where('external_id', '=', externalId)
      .forUpdate()
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async lock(trx: Transaction<DB>, id: string): Promise<Task | undefined> {
    const row = await trx.selectFrom('tasks').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  /** The newest revision of this council or team that changed the task; 0 when none did. */
  async heardOf(trx: Transaction<DB>, id: string, ownerId: string): Promise<number> {
    const { revision } = await trx
      .selectFrom('monitor_history')
      .select(sql<number | null>`max((input->>'revision')::int)`.as('revision'))
      .where('life_id', '=', id)
      .where(sql`coalesce(input->>'councilId', input->>'teamId')`, '=', ownerId)
      .executeTakeFirstOrThrow();
    return revision ?? 0;
  }

  async get(db: Connection, id: string): Promise<Task> {
    const row = await db.selectFrom('tasks').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw new CallError('not_found', 'no such task', { details: { id } });
    return fromRow(row);
  }

  async bySource(db: Connection, sourceType: string, externalId: string): Promise<Task> {
    const row = await db
      .selectFrom('tasks')
      .selectAll()
      .where('source_type', '=', sourceType)
      .where('external_id', '=', externalId)
      .executeTakeFirst();
    if (row === undefined) throw new CallError('not_found', 'no such task');
    return fromRow(row);
  }

  /** Inserts a new task; throws a unique violation when another writer was first. */
  async insert(trx: Transaction<DB>, task: Task): Promise<void> {
    await trx.insertInto('tasks').values(toRow(task)).execute();
  }

  async update(trx: Transaction<DB>, task: Task): Promise<void> {
    const { id, created_at: _created, ...rest } = toRow(task);
    await trx.updateTable('tasks').set(rest).where('id', '=', id).execute();
  }

  async list(
    db: Connection,
    filter: {
      limit: number;
      cursor?: string | undefined;
      repository_id?: string | undefined;
      status?: string | undefined;
      kind?: string | undefined;
    },
  ): Promise<Page<Task>> {
    let query = db.selectFrom('tasks').selectAll();
    if (filter.repository_id !== undefined) query = query.where('repository_id', '=', filter.repository_id);
    if (filter.status !== undefined) query = query.where('status', '=', filter.status);
    if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
    const before = checkedCursor(filter.cursor);
    if (before !== undefined) query = query.where('id', '<', before);
    const rows = await query
      .orderBy('id', 'desc')
      .limit(filter.limit + 1)
      .execute();
    return pageOfRows(rows.map(fromRow), filter.limit);
  }

  /** Numbers of the tasks of a repository whose issue was last seen open: what a sweep has to find again. */
  async openNumbers(db: Connection, repositoryId: string): Promise<number[]> {
    const rows = await db
      .selectFrom('tasks')
      .select('number')
      .where('repository_id', '=', repositoryId)
      .where('issue_state', '=', 'open')
      .where('number', 'is not', null)
      .execute();
    return rows.flatMap(({ number }) => (number === null ? [] : [number]));
  }
}

export function taskView(task: Task): tasks.TaskView {
  return {
    id: task.id,
    source_type: task.sourceType,
    external_id: task.externalId,
    repository_id: task.repositoryId,
    repository: task.repository,
    number: task.number,
    title: task.title,
    body_excerpt: truncateUtf8(task.body, contract.BODY_EXCERPT_BYTES_MAX).text,
    body_sha256: task.bodySha256,
    body_truncated: task.bodyTruncated,
    url: task.url,
    labels: [...task.labels],
    assignees: [...task.assignees],
    author: task.author,
    kind: task.kind,
    issue_state: task.issueState,
    status: task.status,
    priority: task.priority,
    attempt: task.attempt,
    council_id: task.councilId,
    assigned_team_id: task.assignedTeamId,
    content_revision: task.contentRevision,
    removed_at: task.removedAt === null ? null : new Date(task.removedAt).toISOString(),
    revision: task.revision,
    created_at: new Date(task.createdAt).toISOString(),
    updated_at: new Date(task.updatedAt).toISOString(),
  };
}

function toRow(task: Task): Insertable<Tasks> & { id: string } {
  return {
    id: task.id,
    source_type: task.sourceType,
    external_id: task.externalId,
    repository_id: task.repositoryId,
    repository: task.repository,
    number: task.number,
    title: task.title,
    body: task.body,
    body_sha256: task.bodySha256,
    body_truncated: task.bodyTruncated,
    url: task.url,
    labels: [...task.labels],
    assignees: [...task.assignees],
    author: task.author,
    kind: task.kind,
    issue_state: task.issueState,
    status: task.status,
    priority: task.priority,
    attempt: task.attempt,
    council_id: task.councilId,
    assigned_team_id: task.assignedTeamId,
    content_revision: task.contentRevision,
    issue_updated_at: task.sourceUpdatedAt === null ? null : new Date(task.sourceUpdatedAt),
    removed_at: task.removedAt === null ? null : new Date(task.removedAt),
    revision: task.revision,
    created_at: new Date(task.createdAt),
    updated_at: new Date(task.updatedAt),
  };
}

// The CHECK constraints of the table hold these columns to the unions that the casts name.
function fromRow(row: Selectable<Tasks>): Task {
  return {
    id: row.id,
    sourceType: row.source_type,
    externalId: row.external_id,
    repositoryId: row.repository_id,
    repository: row.repository,
    number: row.number,
    title: row.title,
    body: row.body,
    bodySha256: row.body_sha256,
    bodyTruncated: row.body_truncated,
    url: row.url,
    labels: row.labels,
    assignees: row.assignees,
    author: row.author,
    kind: row.kind as Task['kind'],
    issueState: row.issue_state as Task['issueState'],
    status: row.status as Task['status'],
    priority: row.priority as Task['priority'],
    attempt: row.attempt,
    councilId: row.council_id,
    assignedTeamId: row.assigned_team_id,
    contentRevision: row.content_revision,
    sourceUpdatedAt: row.issue_updated_at?.getTime() ?? null,
    removedAt: row.removed_at?.getTime() ?? null,
    revision: row.revision,
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  };
}
