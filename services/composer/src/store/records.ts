import { type DB } from '@whoosh/db';
import { type Kysely, sql } from 'kysely';

/** What an agent has done and does in teams. */
export interface AgentRecord {
  readonly load: number;
  readonly completed: number;
  readonly failed: number;
}

export const NO_RECORD: AgentRecord = { load: 0, completed: 0, failed: 0 };

/** The records of these agents; one without any seat, ever, has none. A team may be left out of the count. */
export async function recordsOf(
  db: Kysely<DB>,
  agentIds: readonly string[],
  withoutTeam?: string,
): Promise<ReadonlyMap<string, AgentRecord>> {
  if (agentIds.length === 0) return new Map();
  const count = (statuses: string) =>
    sql<number>`count(*) filter (where teams.status in (${sql.raw(statuses)}))::int`;
  const rows = await db
    .selectFrom('team_assignments')
    .innerJoin('teams', 'teams.id', 'team_assignments.team_id')
    .select([
      'team_assignments.agent_id',
      count(`'composed', 'deployed', 'working'`).as('load'),
      count(`'completed'`).as('completed'),
      count(`'failed'`).as('failed'),
    ])
    .where('team_assignments.agent_id', 'in', agentIds)
    .$if(withoutTeam !== undefined, (query) => query.where('teams.id', '!=', withoutTeam ?? ''))
    .groupBy('team_assignments.agent_id')
    .execute();
  return new Map(rows.map(({ agent_id: id, load, completed, failed }) => [id, { load, completed, failed }]));
}
