/** A broker, a database, a pulse and a task: what the orchestrator finds around it. */
import { type Signer } from '@whoosh/backbeat-sdk/keys';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';
import { type Bus, connectBus } from '@whoosh/bus';
import { Secret } from '@whoosh/config';
import { type councils, type EventContract, tasks, type teams } from '@whoosh/contracts';
import { cloudEventOf, taskWithBody } from '@whoosh/contracts/testing';
import { type Database, openDatabase } from '@whoosh/db';
import { newId } from '@whoosh/lifecycle';
import { insertTask } from '@whoosh/outbox/testing';
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
  const task = await storeBrief(db);
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

async function storeBrief(db: Kysely<Database>): Promise<tasks.TaskWithBody> {
  const task = taskWithBody({
    id: newId(),
    number: 1,
    repository: 'acme/rocket',
    title: 'Design Brief: Rocket',
    body: BODY,
    labels: ['chorus-entrypoint'],
    kind: 'brief',
  });
  await insertTask(db, task);
  return task;
}

async function say<Life extends { id: string; revision: number }>(
  bus: Bus,
  contract: EventContract,
  life: Life,
): Promise<void> {
  const event = cloudEventOf(contract, {
    id: newId(),
    subject: life.id,
    revision: life.revision,
    data: { ...life, change: { from: null, to: contract.happened, reason: 'test', by: 'test' } },
    time: new Date().toISOString(),
  });
  await bus.store(contract.subject.at({ id: life.id }), event, { id: event.id });
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
