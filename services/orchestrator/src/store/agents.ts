import { checkedCursor, type Page, pageOfRows } from '@whoosh/contracts';
import { type Agents, type Database } from '@whoosh/db';
import { type Instant } from '@whoosh/stdx';
import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { type Agent, type HeardClaim } from '../domain/agent.ts';
import { toDate, toInstant, toText } from './times.ts';

export interface AgentFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly status?: Agent['status'] | undefined;
  readonly role?: string | undefined;
}

/** One agent's newest sign of life. */
export interface Sighting {
  readonly agentId: string;
  readonly at: Instant;
  readonly claim: HeardClaim;
}

/** The table `agents`. Agents are never deleted; a removed one is not listed. */
export class AgentStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async find(agentId: string): Promise<Agent | undefined> {
    return agentOf(
      await this.#db.selectFrom('agents').selectAll().where('agent_id', '=', agentId).executeTakeFirst(),
    );
  }

  async findMany(agentIds: readonly string[]): Promise<Agent[]> {
    if (agentIds.length === 0) return [];
    const rows = await this.#db.selectFrom('agents').selectAll().where('agent_id', 'in', agentIds).execute();
    return rows.map(toAgent);
  }

  /** The row, held until the transaction ends. */
  async lock(trx: Transaction<Database>, agentId: string): Promise<Agent | undefined> {
    const query = trx.selectFrom('agents').selectAll().where('agent_id', '=', agentId).forUpdate();
    return agentOf(await query.executeTakeFirst());
  }

  /** False when another one was faster. */
  async insert(trx: Transaction<Database>, agent: Agent): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('agents')
      .values(rowOf(agent))
      .onConflict((conflict) => conflict.column('agent_id').doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }

  async update(trx: Transaction<Database>, agent: Agent): Promise<void> {
    await trx.updateTable('agents').set(rowOf(agent)).where('id', '=', agent.id).execute();
  }

  async list({ limit, cursor, status, role }: AgentFilter): Promise<Page<Agent> & { known: number }> {
    const before = checkedCursor(cursor);
    let query = this.#db.selectFrom('agents').selectAll().where('removed_at', 'is', null);
    if (status !== undefined) query = query.where('status', '=', status);
    if (role !== undefined) query = query.where('role', '=', role);
    if (before !== undefined) query = query.where('id', '<', before);
    const [rows, { known }] = await Promise.all([
      query
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute(),
      this.#db
        .selectFrom('agents')
        .select((eb) => eb.fn.countAll<string>().as('known'))
        .where('removed_at', 'is', null)
        .executeTakeFirstOrThrow(),
    ]);
    return { ...pageOfRows(rows.map(toAgent), limit), known: Number(known) };
  }

  /** Ids of those in one of these states that were not seen since then. */
  async silentSince(statuses: readonly Agent['status'][], since: Instant, limit: number): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('agents')
      .select('agent_id')
      .where('removed_at', 'is', null)
      .where('status', 'in', statuses)
      .where((eb) => eb(eb.fn.coalesce('last_seen', 'created_at'), '<=', new Date(since)))
      .limit(limit)
      .execute();
    return rows.map(({ agent_id }) => agent_id);
  }

  /** Agents of deployments that were there since then, the newest first. */
  async deployedSince(since: Instant, limit: number): Promise<Agent[]> {
    const rows = await this.#db
      .selectFrom('agents')
      .selectAll()
      .where('removed_at', 'is', null)
      .where('source', '=', 'deployed')
      .where((eb) => eb(eb.fn.coalesce('last_seen', 'created_at'), '>', new Date(since)))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(toAgent);
  }

  /** Notes many signs of life in one statement; what is older than the row is left out. */
  async note(sightings: readonly Sighting[]): Promise<void> {
    if (sightings.length === 0) return;
    const ids = sightings.map(({ agentId }) => agentId);
    const times = sightings.map(({ at }) => new Date(at));
    const claims = sightings.map(({ claim }) => JSON.stringify(claimRow(claim)));
    await sql`
      update agents set last_seen = seen.at, last_claim = seen.claim
      from unnest(${ids}::text[], ${times}::timestamptz[], ${claims}::jsonb[]) as seen (agent_id, at, claim)
      where agents.agent_id = seen.agent_id and (agents.last_seen is null or agents.last_seen < seen.at)
    `.execute(this.#db);
  }
}

interface ClaimRow {
  readonly beat_index: number;
  readonly state: HeardClaim['state'];
  readonly task_id: string | null;
  readonly beats_left: number | null;
  readonly progress: number | null;
  readonly at: string;
}

function claimRow({ beatIndex, state, taskId, beatsLeft, progress, at }: HeardClaim): ClaimRow {
  return { beat_index: beatIndex, state, task_id: taskId, beats_left: beatsLeft, progress, at: toText(at) };
}

function claimOf(row: ClaimRow): HeardClaim {
  return {
    beatIndex: row.beat_index,
    state: row.state,
    taskId: row.task_id,
    beatsLeft: row.beats_left,
    progress: row.progress,
    at: Date.parse(row.at),
  };
}

function agentOf(row: Selectable<Agents> | undefined): Agent | undefined {
  return row === undefined ? undefined : toAgent(row);
}

function toAgent(row: Selectable<Agents>): Agent {
  return {
    id: row.id,
    agentId: row.agent_id,
    name: row.name,
    role: row.role,
    capabilities: row.capabilities,
    model: row.model,
    endpoint: row.endpoint,
    source: row.source as Agent['source'],
    deploymentId: row.deployment_id,
    councilId: row.council_id,
    teamId: row.team_id,
    status: row.status as Agent['status'],
    activity: row.activity as Agent['activity'],
    epoch: row.epoch,
    lastSeen: toInstant(row.last_seen),
    lastClaim: row.last_claim === null ? null : claimOf(row.last_claim as unknown as ClaimRow),
    revision: row.revision,
    removedAt: toInstant(row.removed_at),
    createdAt: toInstant(row.created_at),
    updatedAt: toInstant(row.updated_at),
  };
}

function rowOf(agent: Agent): Insertable<Agents> {
  return {
    id: agent.id,
    agent_id: agent.agentId,
    name: agent.name,
    role: agent.role,
    capabilities: [...agent.capabilities],
    model: agent.model,
    endpoint: agent.endpoint,
    source: agent.source,
    deployment_id: agent.deploymentId,
    council_id: agent.councilId,
    team_id: agent.teamId,
    status: agent.status,
    activity: agent.activity,
    epoch: agent.epoch,
    last_seen: toDate(agent.lastSeen),
    last_claim: agent.lastClaim === null ? null : JSON.stringify(claimRow(agent.lastClaim)),
    revision: agent.revision,
    removed_at: toDate(agent.removedAt),
    created_at: toDate(agent.createdAt),
    updated_at: toDate(agent.updatedAt),
  };
}
