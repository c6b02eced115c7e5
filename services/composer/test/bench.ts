/** A composer as it runs, on a broker and a database of its own; the neighbours are played by the test. */
import { randomUUID } from 'node:crypto';
import { type Bus, connectBus } from '@whoosh/bus';
import { readEnv, Secret } from '@whoosh/config';
import {
  agents,
  CallError,
  type CloudEvent,
  type EventContract,
  type Principal,
  tasks,
  teams,
} from '@whoosh/contracts';
import { type DB, openDatabase } from '@whoosh/db';
import { newRegistry } from '@whoosh/telemetry';
import { cloneDatabase, quietLog, startNats, until } from '@whoosh/testkit';
import { type Kysely } from 'kysely';
import { startComposer } from '../src/composer.ts';
import { ComposerEnv, composerSettings } from '../src/config.ts';
import { agentOf, insertAgent, insertTask, taskOf } from './rows.ts';

export interface BenchOptions {
  readonly instances?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Without it nobody answers `agent.list` until {@link Bench.answerForOrchestrator}. */
  readonly hasOrchestrator?: boolean;
}

export const ADMIN: Principal = { kind: 'user', id: 'root', role: 'admin' };
type Parts = Pick<Bench, 'resources' | 'db' | 'url' | 'natsUrl' | 'bus'>;

export class Bench implements AsyncDisposable {
  readonly resources: AsyncDisposableStack;
  readonly db: Kysely<DB>;
  readonly url: string;
  readonly natsUrl: string;
  readonly bus: Bus;
  /** What monitor answers to `task.get`, and orchestrator to `agent.list`. */
  readonly tasks = new Map<string, tasks.TaskWithBody>();
  readonly agents: agents.AgentView[] = [];
  readonly events: CloudEvent<teams.TeamView>[] = [];
  readonly #options: BenchOptions;

  private constructor(parts: Parts, options: BenchOptions) {
    this.resources = parts.resources;
    this.db = parts.db;
    this.url = parts.url;
    this.natsUrl = parts.natsUrl;
    this.bus = parts.bus;
    this.#options = options;
  }

  /** `databaseUrl` lets two benches with a broker each share one database. */
  static async start(options: BenchOptions = {}, databaseUrl?: string): Promise<Bench> {
    await using resources = new AsyncDisposableStack();
    const url = databaseUrl ?? resources.use(await cloneDatabase()).url;
    const nats = resources.use(await startNats());
    const db = openTestDatabase(url);
    resources.defer(() => db.destroy());
    const bus = resources.use(await connectTestBus(nats.url, 'neighbours'));
    await bus.ensureStreams(['WHOOSH_EVENTS']);
    const bench = new Bench({ resources: resources.move(), db, url, natsUrl: nats.url, bus }, options);
    bus.connection.subscribe('whoosh.v1.event.team.>', {
      callback: (_, message) => void bench.events.push(message.json()),
    });
    bus.serve(tasks.getTask, async ({ id }) => {
      const task = bench.tasks.get(id);
      if (task === undefined) throw new CallError('not_found', 'no such task');
      return task;
    });
    if (options.hasOrchestrator ?? true) await bench.answerForOrchestrator();
    await bus.flush();
    for (let at = 0; at < (options.instances ?? 1); at += 1) {
      bench.resources.use(await bench.startService());
    }
    return bench;
  }

  /** Answers in pages of two, so that the service has to turn them. */
  async answerForOrchestrator(): Promise<void> {
    this.bus.serve(agents.listAgents, async ({ cursor, status }) => {
      const from = Number(cursor ?? 0);
      const all = this.agents.filter((agent) => status === undefined || agent.status === status);
      const next = from + 2 < all.length ? String(from + 2) : null;
      return { items: all.slice(from, from + 2), next_cursor: next, discovered_count: all.length };
    });
    await this.bus.flush();
  }

  async startService(): Promise<AsyncDisposable> {
    await using resources = new AsyncDisposableStack();
    const registry = newRegistry('composer');
    const db = openTestDatabase(this.url);
    resources.defer(() => db.destroy());
    const bus = resources.use(await connectTestBus(this.natsUrl, 'composer'));
    const env = readEnv(ComposerEnv, { WHOOSH_COMPOSER_RETRY_INTERVAL: '1h', ...this.#options.env });
    const service = await startComposer({
      bus,
      db,
      databaseUrl: new Secret(this.url),
      settings: composerSettings(env),
      instance: randomUUID(),
      log: quietLog(),
      registry,
    });
    resources.use(service);
    return resources.move();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.resources.disposeAsync();
  }

  /** A task that monitor has stored; the event is published apart. */
  async task(more: Partial<tasks.TaskWithBody> = {}): Promise<tasks.TaskWithBody> {
    const task = taskOf(more);
    await insertTask(this.db, task);
    this.tasks.set(task.id, task);
    return task;
  }

  /** An agent that is registered and answered for; nobody is told. */
  async agent(
    agentId: string,
    capabilities: string[],
    more: Partial<agents.AgentView> = {},
  ): Promise<agents.AgentView> {
    const agent = agentOf(agentId, capabilities, more);
    await insertAgent(this.db, agent);
    this.agents.push(agent);
    return agent;
  }

  async sayTask(
    contract: typeof tasks.taskOpened,
    task: tasks.TaskWithBody,
    change: Partial<tasks.TaskView> = {},
  ): Promise<void> {
    const { body: _, ...view } = task;
    await this.say(contract, task.id, { ...view, ...change });
  }

  async say(contract: EventContract, id: string, data: object): Promise<void> {
    const eventId = randomUUID();
    const change = { from: null, to: 'said', reason: 'test', by: 'test' };
    const event = {
      specversion: '1.0',
      id: eventId,
      source: '/whoosh/test',
      type: contract.type,
      subject: id,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      dataschema: `${contract.type}.schema.json`,
      data: contract.data.parse({ ...data, change }),
      hlc: '0',
      revision: 1,
    };
    await this.bus.store(contract.subject.at({ id }), event, { id: eventId });
  }

  /** The team of a task that was opened; waits for it. */
  async team(task: tasks.TaskWithBody): Promise<teams.TeamView> {
    await this.sayTask(tasks.taskOpened, task);
    return await this.until(task.id, () => true);
  }

  /** Waits until the newest team of the task is as it should be. */
  async until(taskId: string, isSo: (team: teams.TeamView) => boolean): Promise<teams.TeamView> {
    let last: teams.TeamView | undefined;
    return await until(
      async () => {
        const { items } = await this.bus.call(teams.listTeams, { limit: 1, task_id: taskId });
        [last] = items;
        return last !== undefined && isSo(last) ? last : undefined;
      },
      { timeoutMs: 30_000, describe: () => `the team to be so: ${JSON.stringify(last)}` },
    );
  }

  happenings(teamId: string): string[] {
    return this.events
      .filter(({ subject }) => subject === teamId)
      .map(({ type }) => type.split('.')[2] ?? '');
  }
}

function openTestDatabase(url: string): Kysely<DB> {
  const limits = { maxConns: 5, maxIdleConns: 5, lifetimeMs: 600_000, idleTimeMs: 60_000 };
  return openDatabase(
    { url: new Secret(url), ...limits, autoMigrate: false, logLevel: 'none' },
    { service: 'test', log: quietLog(), registry: newRegistry('test') },
  );
}

async function connectTestBus(servers: string, service: string): Promise<Bus> {
  return await connectBus({
    servers,
    service,
    profile: 'agent',
    log: quietLog(),
    registry: newRegistry(service),
  });
}
