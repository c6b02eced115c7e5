import { checkedCursor, type Page, pageOfRows } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Instant } from '@whoosh/stdx';
import { type Kysely, type Selectable, sql } from 'kysely';
import { type ArtifactKind, type CouncilStatus } from '../domain/council.ts';

/** What is looked for among many councils. */
export class CouncilQueries {
  readonly #db: Kysely<DB>;

  constructor(db: Kysely<DB>) {
    this.#db = db;
  }

  /** The ids of one page, newest first. */
  async page(request: {
    limit: number;
    cursor?: string | undefined;
    status?: CouncilStatus | undefined;
    task_id?: string | undefined;
  }): Promise<Page<{ id: string }>> {
    const { limit, cursor, status, task_id: taskId } = request;
    const before = checkedCursor(cursor);
    const rows = await this.#db
      .selectFrom('councils')
      .select('id')
      .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
      .$if(status !== undefined, (query) => query.where('status', '=', status ?? ''))
      .$if(taskId !== undefined, (query) => query.where('task_id', '=', taskId ?? ''))
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOfRows(rows, limit);
  }

  async ofTask(taskId: string, attempt: number): Promise<{ id: string; status: CouncilStatus } | undefined> {
    const row = await this.#db
      .selectFrom('councils')
      .select(['id', 'status'])
      .where('task_id', '=', taskId)
      .where('attempt', '=', attempt)
      .executeTakeFirst();
    return row && { id: row.id, status: row.status as CouncilStatus };
  }

  /** Councils of the task that have not ended, of whatever attempt. */
  async liveOfTask(taskId: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('councils')
      .select('id')
      .where('task_id', '=', taskId)
      .where('status', 'in', ['forming', 'active'])
      .execute();
    return rows.map(({ id }) => id);
  }

  async heldBy(agentId: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('council_agents')
      .innerJoin('councils', 'councils.id', 'council_agents.council_id')
      .select('councils.id')
      .where('council_agents.agent_id', '=', agentId)
      .where('council_agents.status', '=', 'claimed')
      .where('councils.status', 'in', ['forming', 'active'])
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Councils with a reservation or a deadline that is over at this time. */
  async due(at: Instant, limit: number): Promise<string[]> {
    const now = new Date(at);
    const rows = await this.#db
      .selectFrom('councils')
      .innerJoin('council_agents', 'council_agents.council_id', 'councils.id')
      .select('councils.id')
      .distinct()
      .where('councils.status', 'in', ['forming', 'active'])
      .where('council_agents.status', '=', 'open')
      .where((where) =>
        where.or([
          where('council_agents.reserved_until', '<=', now),
          where.and([
            where('councils.seat_deadline_at', '<=', now),
            where.or([
              where('councils.status', '=', 'forming'),
              where('council_agents.required', '=', false),
            ]),
          ]),
        ]),
      )
      .orderBy('councils.id')
      .limit(limit)
      .execute();
    return rows.map(({ id }) => id);
  }

  async active(after: string | undefined, limit: number): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('councils')
      .select('id')
      .where('status', '=', 'active')
      .$if(after !== undefined, (query) => query.where('id', '>', after ?? ''))
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Seats that any qualified agent may take now. */
  async offered(limit: number) {
    return await this.#db
      .selectFrom('council_agents')
      .innerJoin('councils', 'councils.id', 'council_agents.council_id')
      .select([
        'councils.id as council_id',
        'councils.task_id',
        'councils.project_name',
        'councils.seat_deadline_at',
        'council_agents.role',
      ])
      .where('councils.status', 'in', ['forming', 'active'])
      .where('council_agents.status', '=', 'open')
      .where('council_agents.reserved_until', 'is', null)
      .orderBy('councils.id')
      .orderBy('council_agents.position')
      .limit(limit)
      .execute();
  }

  /** How many councils are in each state that is not an end. */
  async live(): Promise<{ status: string; count: number }[]> {
    return await this.#db
      .selectFrom('councils')
      .select(['status', sql<number>`count(*)::int`.as('count')])
      .where('status', 'in', ['forming', 'active'])
      .groupBy('status')
      .execute();
  }

  async artifactIds(
    councilId: string,
    { limit, cursor, kind }: { limit: number; cursor?: string | undefined; kind?: ArtifactKind | undefined },
  ): Promise<Page<{ id: string }>> {
    const before = checkedCursor(cursor);
    const rows = await this.#db
      .selectFrom('council_artifacts')
      .select('id')
      .where('council_id', '=', councilId)
      .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
      .$if(kind !== undefined, (query) => query.where('kind', '=', kind ?? ''))
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOfRows(rows, limit);
  }

  async content(artifactId: string): Promise<string | undefined> {
    const row: Pick<Selectable<DB['council_artifacts']>, 'content'> | undefined = await this.#db
      .selectFrom('council_artifacts')
      .select('content')
      .where('id', '=', artifactId)
      .executeTakeFirst();
    return row?.content;
  }
}

export type OfferedSeat = Awaited<ReturnType<CouncilQueries['offered']>>[number];
