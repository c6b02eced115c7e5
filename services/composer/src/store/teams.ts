import { checkedCursor, type Page, pageOfRows, type teams } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Kysely, type Transaction } from 'kysely';
import { type Decision } from '../domain/match.ts';
import { type Team, type TeamStatus } from '../domain/team.ts';
import { assignmentRow, fromRows, json, roleRow, teamRow } from './rows.ts';

/** Teams with their seats, and why each is as it is. The composer is the only writer of these tables. */
export class TeamStore {
  /** Inside a transaction with `lock`, nobody else changes this team until it ends. */
  async load(db: Kysely<DB>, id: string, { lock = false } = {}): Promise<Team | undefined> {
    if (lock) await db.selectFrom('teams').select('id').where('id', '=', id).forUpdate().execute();
    return (await this.loadAll(db, [id]))[0];
  }

  /** Those that exist, in the order of the ids. */
  async loadAll(db: Kysely<DB>, ids: readonly string[]): Promise<Team[]> {
    if (ids.length === 0) return [];
    const rows = await db.selectFrom('teams').selectAll().where('id', 'in', ids).execute();
    const roles = await db.selectFrom('team_roles').selectAll().where('team_id', 'in', ids).execute();
    const assignments = await db
      .selectFrom('team_assignments')
      .selectAll()
      .where('team_id', 'in', ids)
      .execute();
    return ids.flatMap((id) => {
      const team = rows.find((row) => row.id === id);
      const ofTeam = (row: { team_id: string }): boolean => row.team_id === id;
      if (team === undefined) return [];
      return fromRows({ team, roles: roles.filter(ofTeam), assignments: assignments.filter(ofTeam) });
    });
  }

  /** False when the task has a team for this attempt already: the second one is the first. */
  async insert(trx: Transaction<DB>, team: Team): Promise<boolean> {
    const inserted = await trx
      .insertInto('teams')
      .values(teamRow(team))
      .onConflict((conflict) => conflict.columns(['task_id', 'attempt']).doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted === undefined) return false;
    await this.#writeSeats(trx, team);
    return true;
  }

  async save(trx: Transaction<DB>, before: Team, now: Team): Promise<void> {
    const { id: _, ...row } = teamRow(now);
    await trx.updateTable('teams').set(row).where('id', '=', now.id).execute();
    const isRecomposed = now.members.some(({ id }, at) => before.members[at]?.id !== id);
    if (isRecomposed || now.members.length !== before.members.length) {
      await trx.deleteFrom('team_roles').where('team_id', '=', now.id).execute();
      await this.#writeSeats(trx, now);
      return;
    }
    for (const [at, member] of now.members.entries()) {
      if (member === before.members[at] || member.agentId === null) continue;
      const { id, ...columns } = assignmentRow(now.id, member, member.agentId);
      await trx.updateTable('team_assignments').set(columns).where('id', '=', id).execute();
    }
  }

  async #writeSeats(trx: Transaction<DB>, { id, members }: Team): Promise<void> {
    if (members.length === 0) return;
    await trx
      .insertInto('team_roles')
      .values(members.map((member) => roleRow(id, member)))
      .execute();
    const assigned = members.flatMap((member) =>
      member.agentId === null ? [] : [assignmentRow(id, member, member.agentId)],
    );
    if (assigned.length > 0) await trx.insertInto('team_assignments').values(assigned).execute();
  }

  async saveDecision(trx: Transaction<DB>, decision: Decision): Promise<void> {
    const row = { decision: json(decision), decided_at: new Date(decision.decided_at) };
    await trx
      .insertInto('composition_decisions')
      .values({ team_id: decision.team_id, ...row })
      .onConflict((conflict) => conflict.column('team_id').doUpdateSet(row))
      .execute();
  }

  async decision(db: Kysely<DB>, teamId: string): Promise<Decision | undefined> {
    const row = await db
      .selectFrom('composition_decisions')
      .select('decision')
      .where('team_id', '=', teamId)
      .executeTakeFirst();
    return row?.decision as unknown as Decision | undefined;
  }

  /** The ids of one page, newest first. */
  async page(
    db: Kysely<DB>,
    request: {
      limit: number;
      cursor?: string | undefined;
      status?: teams.TeamView['status'] | undefined;
      task_id?: string | undefined;
    },
  ): Promise<Page<{ id: string }>> {
    const { limit, cursor, status, task_id: taskId } = request;
    const before = checkedCursor(cursor);
    const rows = await db
      .selectFrom('teams')
      .select('id')
      .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
      .$if(status !== undefined, (query) => query.where('status', '=', status ?? ''))
      .$if(taskId !== undefined, (query) => query.where('task_id', '=', taskId ?? ''))
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOfRows(rows, limit);
  }

  async ofTask(
    db: Kysely<DB>,
    taskId: string,
    attempt: number,
  ): Promise<{ id: string; status: TeamStatus } | undefined> {
    const row = await db
      .selectFrom('teams')
      .select(['id', 'status'])
      .where('task_id', '=', taskId)
      .where('attempt', '=', attempt)
      .executeTakeFirst();
    return row && { id: row.id, status: row.status as TeamStatus };
  }

  /** Teams of the task that have not ended, up to this attempt. */
  async liveOfTask(db: Kysely<DB>, taskId: string, attempt: number): Promise<string[]> {
    const rows = await db
      .selectFrom('teams')
      .select('id')
      .where('task_id', '=', taskId)
      .where('attempt', '<=', attempt)
      .where('status', 'not in', ['completed', 'failed', 'cancelled'])
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Teams that wait for somebody, in the order in which they were made, after the given one. */
  async waiting(
    db: Kysely<DB>,
    limit: number,
    after: string | undefined,
  ): Promise<{ id: string; task_id: string }[]> {
    return await db
      .selectFrom('teams')
      .select(['id', 'task_id'])
      .where('status', '=', 'waiting')
      .$if(after !== undefined, (query) => query.where('id', '>', after ?? ''))
      .orderBy('id')
      .limit(limit)
      .execute();
  }
}
