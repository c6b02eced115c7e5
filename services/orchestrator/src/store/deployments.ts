import { checkedCursor, type Page, pageOfRows } from '@whoosh/contracts';
import { type Database, type Deployments } from '@whoosh/db';
import { type Insertable, type Kysely, type Selectable, type Transaction } from 'kysely';
import { type Deployment } from '../domain/deployment.ts';
import { toDate, toInstant } from './times.ts';

export interface DeploymentFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly ownerId?: string | undefined;
  readonly status?: Deployment['status'] | undefined;
}

type Owner = Pick<Deployment, 'ownerKind' | 'ownerId'>;

/** The table `deployments`: what should run, and how far it is. */
export class DeploymentStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async find(id: string): Promise<Deployment | undefined> {
    return one(await this.#db.selectFrom('deployments').selectAll().where('id', '=', id).executeTakeFirst());
  }

  /** The row, held until the transaction ends. */
  async lock(trx: Transaction<Database>, id: string): Promise<Deployment | undefined> {
    return one(
      await trx.selectFrom('deployments').selectAll().where('id', '=', id).forUpdate().executeTakeFirst(),
    );
  }

  /** The deployment whose agent has this id, held against changes until the transaction ends. */
  async lockOfAgent(trx: Transaction<Database>, agentId: string): Promise<Deployment | undefined> {
    const query = trx.selectFrom('deployments').selectAll().where('agent_id', '=', agentId).forShare();
    return one(await query.executeTakeFirst());
  }

  async seatsOf(
    { ownerKind, ownerId }: Owner,
    db: Kysely<Database> = this.#db,
  ): Promise<Pick<Deployment, 'id' | 'role' | 'slot'>[]> {
    return await db
      .selectFrom('deployments')
      .select(['id', 'role', 'slot'])
      .where('owner_kind', '=', ownerKind)
      .where('owner_id', '=', ownerId)
      .execute();
  }

  /** Everything that something may still run of. */
  async unfinished(): Promise<Deployment[]> {
    const query = this.#db.selectFrom('deployments').selectAll().where('status', '<>', 'removed');
    return (await query.orderBy('id').execute()).map(toDeployment);
  }

  /** Those that run and whose agents have not claimed yet. */
  async awaitingClaim(): Promise<Deployment[]> {
    const rows = await this.#db
      .selectFrom('deployments')
      .selectAll()
      .where('status', '=', 'running')
      .execute();
    return rows.map(toDeployment);
  }

  /** False when the seat has its deployment already. */
  async insert(trx: Transaction<Database>, deployment: Deployment): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('deployments')
      .values(rowOf(deployment))
      .onConflict((conflict) => conflict.constraint('deployments_seat_key').doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }

  async update(trx: Transaction<Database>, deployment: Deployment): Promise<void> {
    await trx.updateTable('deployments').set(rowOf(deployment)).where('id', '=', deployment.id).execute();
  }

  async list({ limit, cursor, ownerId, status }: DeploymentFilter): Promise<Page<Deployment>> {
    const before = checkedCursor(cursor);
    let query = this.#db.selectFrom('deployments').selectAll();
    if (ownerId !== undefined) query = query.where('owner_id', '=', ownerId);
    if (status !== undefined) query = query.where('status', '=', status);
    if (before !== undefined) query = query.where('id', '<', before);
    const rows = await query
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOfRows(rows.map(toDeployment), limit);
  }
}

function one(row: Selectable<Deployments> | undefined): Deployment | undefined {
  return row === undefined ? undefined : toDeployment(row);
}

function toDeployment(row: Selectable<Deployments>): Deployment {
  return {
    id: row.id,
    ownerKind: row.owner_kind as Deployment['ownerKind'],
    ownerId: row.owner_id,
    taskId: row.task_id,
    project: row.project,
    role: row.role,
    slot: row.slot,
    agentId: row.agent_id,
    profileAgentId: row.profile_agent_id,
    runtime: row.runtime as Deployment['runtime'],
    image: row.image,
    environment: row.environment as Record<string, string>,
    joinTokenSha256: row.join_token_sha256,
    desired: row.desired as Deployment['desired'],
    status: row.status as Deployment['status'],
    reason: row.reason,
    attempt: row.attempt,
    generation: row.generation,
    runtimeRef: row.runtime_ref,
    firstClaimAt: toInstant(row.first_claim_at),
    healthyDeadlineAt: toInstant(row.healthy_deadline_at),
    retryAt: toInstant(row.retry_at),
    revision: row.revision,
    createdAt: toInstant(row.created_at),
    updatedAt: toInstant(row.updated_at),
  };
}

function rowOf(deployment: Deployment): Insertable<Deployments> {
  return {
    id: deployment.id,
    owner_kind: deployment.ownerKind,
    owner_id: deployment.ownerId,
    task_id: deployment.taskId,
    project: deployment.project,
    role: deployment.role,
    slot: deployment.slot,
    agent_id: deployment.agentId,
    profile_agent_id: deployment.profileAgentId,
    runtime: deployment.runtime,
    image: deployment.image,
    environment: JSON.stringify(deployment.environment),
    join_token_sha256: deployment.joinTokenSha256,
    desired: deployment.desired,
    status: deployment.status,
    reason: deployment.reason,
    attempt: deployment.attempt,
    generation: deployment.generation,
    runtime_ref: deployment.runtimeRef,
    first_claim_at: toDate(deployment.firstClaimAt),
    healthy_deadline_at: toDate(deployment.healthyDeadlineAt),
    retry_at: toDate(deployment.retryAt),
    revision: deployment.revision,
    created_at: toDate(deployment.createdAt),
    updated_at: toDate(deployment.updatedAt),
  };
}
