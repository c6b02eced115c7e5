/** A broker, a database, a pulse and a task: what the orchestrator finds around it. */
import { type Signer } from '@whoosh/backbeat-sdk/keys';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';
import { type Bus, connectBus } from '@whoosh/bus';
import { Secret } from '@whoosh/config';
import { type CloudEvent, type councils, type EventContract, tasks, type teams } from '@whoosh/contracts';
import { type Database, openDatabase } from '@whoosh/db';
import { newId } from '@whoosh/lifecycle';
import { newRegistry } from '@whoosh/telemetry';
import { cloneDatabase, quietLog, startNats } from '@whoosh/testkit';
import { type Kysely } from 'kysely';

export const CLUSTER = 'test';
export const JWT_SECRET = 'a secret for tests that is long enough';

export interface World extends AsyncDisposable {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly bus: Bus;
  readonly db: Kysely<Database>;
  readonly pulse: TestPulse;
  readonly task: tasks.TaskWithBody;
  /** Says an event the way its owner would. */
  say<Life extends { id: string; revision: number }>(contract: EventContract, data: Life): Promise<void>;
  /** A connection to the broker of another process. */
  newBus(service: string): Promise<Bus>;
}

/** @param pulseSigner signs the frames of the pulse; without it nobody does */
export async function startWorld(pulseSigner?: Signer): Promise<World> {
  const resources = new AsyncDisposableStack();
  try {
    return await openWorld(resources, pulseSigner);
  } catch (cause) {
    await resources.disposeAsync();
    throw cause;
  }
}

async function openWorld(resources: AsyncDisposableStack, signer: Signer | undefined): Promise<World> {
  const nats = resources.use(await startNats());
  const database = resources.use(await cloneDatabase());
  const log = quietLog();
  const registry = newRegistry('test');
  const db = openDatabase(
    {
      url: new Secret(database.url),
      maxConns: 5,
      maxIdleConns: 2,
      lifetimeMs: 60_000,
      idleTimeMs: 10_000,
      logLevel: 'none',
    },
    { service: 'test', log, registry },
  );
  resources.defer(() => db.destroy());
  const newBus = async (service: string) =>
    resources.use(
      await connectBus({ servers: nats.url, service, profile: 'beat', log, registry: newRegistry(service) }),
    );
  const bus = await newBus('monitor');
  await bus.ensureStreams(['WHOOSH_EVENTS', 'BACKBEAT_BEATS', 'BACKBEAT_CLAIMS']);
  const pulse = resources.use(
    new TestPulse({
      connection: bus.connection,
      clusterId: CLUSTER,
      tempoBpm: 300,
      ...(signer && { signer }),
    }),
  );
  const task = await insertTask(db);
  bus.serve(tasks.getTask, () => Promise.resolve(task));
  await bus.flush();
  return {
    natsUrl: nats.url,
    databaseUrl: database.url,
    bus,
    db,
    pulse,
    task,
    newBus,
    say: (contract, data) => say(bus, contract, data),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const BODY = `A rocket that lands again.

## Goals
- Reach orbit
- Land again in one piece

## Acceptance
- It flies twice
`;

async function insertTask(db: Kysely<Database>): Promise<tasks.TaskWithBody> {
  const now = new Date();
  const row = {
    id: newId(),
    source_type: 'gitea',
    external_id: '1#1',
    number: 1,
    title: 'Design Brief: Rocket',
    body: BODY,
    body_sha256: '0'.repeat(64),
    body_truncated: false,
    url: null,
    labels: ['chorus-entrypoint'],
    assignees: [],
    author: null,
    kind: 'brief' as const,
    issue_state: 'open' as const,
    status: 'open' as const,
    priority: 'medium' as const,
    attempt: 1,
    content_revision: '0'.repeat(64),
    revision: 1,
    repository: 'acme/rocket',
    created_at: now,
    updated_at: now,
  };
  await db.insertInto('tasks').values(row).execute();
  return tasks.TaskWithBody.parse({
    ...row,
    body_excerpt: BODY,
    repository_id: null,
    council_id: null,
    assigned_team_id: null,
    removed_at: null,
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
  });
}

async function say(bus: Bus, contract: EventContract, data: { id: string; revision: number }): Promise<void> {
  const id = newId();
  const event: CloudEvent = {
    specversion: '1.0',
    id,
    source: '/whoosh/test',
    type: contract.type,
    subject: data.id,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    dataschema: `${contract.type}.schema.json`,
    data: { ...data, change: { from: null, to: contract.happened, reason: 'test', by: 'test' } },
    hlc: '0',
    revision: data.revision,
  };
  await bus.store(contract.subject.at({ id: data.id }), event, { id });
}

const CORE = ['product-manager', 'eng-lead', 'qa-lead'];

export function formingCouncil(taskId: string, roles: readonly string[] = CORE): councils.CouncilView {
  const id = newId();
  const now = new Date().toISOString();
  return {
    id,
    council_id: id,
    task_id: taskId,
    attempt: 1,
    project_name: 'acme/rocket',
    title: 'Rocket',
    core_agents: roles.map((role) => ({
      role,
      name: role,
      required: true,
      why: 'core role',
      status: 'open',
      agent_id: null,
      deployment_id: null,
      claimed_at: null,
    })),
    optional_agents: [],
    strategy: 'core',
    status: 'forming',
    reason: null,
    round: null,
    artifacts: [],
    seat_deadline_at: new Date(Date.now() + 600_000).toISOString(),
    revision: 1,
    created_at: now,
    updated_at: now,
  };
}

export function composedTeam(taskId: string, agentId: string): teams.TeamView {
  const now = new Date().toISOString();
  return {
    id: newId(),
    task_id: taskId,
    attempt: 1,
    name: 'team',
    project_name: 'acme/rocket',
    strategy: 'minimal_viable',
    status: 'composed',
    deployment_status: 'none',
    confidence: 0.8,
    classification: {
      task_type: 'bug_fix',
      complexity: 0.1,
      risk_level: 'low',
      risk_reasons: [],
      domains: [],
      priority: 'low',
      estimated_effort_hours: 1,
      evidence: [],
    },
    members: [
      {
        role: 'executor',
        agent_id: agentId,
        score: 1,
        reasons: [],
        deployment_id: null,
        deployment_status: null,
      },
    ],
    missing: [],
    reason: null,
    revision: 1,
    created_at: now,
    updated_at: now,
  };
}
