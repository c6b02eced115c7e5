/** A composer as it runs, on a broker and a database of its own; the neighbours are played by the test. */
import { randomUUID } from 'node:crypto';
import { readEnv, Secret } from '@whoosh/config';
import { agents, type deployments, type Principal, tasks, teams } from '@whoosh/contracts';
import { agentView, deploymentView, taskWithBody } from '@whoosh/contracts/testing';
import { newId } from '@whoosh/lifecycle';
import {
  connectTestBus,
  Neighbours,
  openSurroundings,
  openTestDatabase,
  type Surroundings,
} from '@whoosh/outbox/testing';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog } from '@whoosh/testkit';
import { startComposer } from '../src/composer.ts';
import { ComposerEnv, composerSettings } from '../src/config.ts';

export interface WorldOptions {
  readonly instances?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Without it nobody answers `agent.list` until {@link World.answerForOrchestrator}. */
  readonly hasOrchestrator?: boolean;
}

export const ADMIN: Principal = { kind: 'user', id: 'root', role: 'admin' };

export class World extends Neighbours<teams.TeamView> {
  /** What orchestrator answers to `agent.list`. */
  readonly agents: agents.AgentView[] = [];
  readonly #options: WorldOptions;

  private constructor(surroundings: Surroundings, options: WorldOptions) {
    super(surroundings, { noun: 'team', list: teams.listTeams });
    this.#options = options;
  }

  /** `databaseUrl` lets two worlds with a broker each share one database. */
  static async start(options: WorldOptions = {}, databaseUrl?: string): Promise<World> {
    const streams = ['WHOOSH_EVENTS'] as const;
    const world = new World(await openSurroundings({ service: 'neighbours', streams, databaseUrl }), options);
    if (options.hasOrchestrator ?? true) await world.answerForOrchestrator();
    await world.bus.flush();
    for (let at = 0; at < (options.instances ?? 1); at += 1) {
      world.resources.use(await world.startService());
    }
    return world;
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
    const db = openTestDatabase(this.databaseUrl);
    resources.defer(() => db.destroy());
    const bus = resources.use(await connectTestBus(this.natsUrl, 'composer'));
    const env = readEnv(ComposerEnv, { WHOOSH_COMPOSER_RETRY_INTERVAL: '1h', ...this.#options.env });
    const service = await startComposer({
      bus,
      db,
      databaseUrl: new Secret(this.databaseUrl),
      settings: composerSettings(env),
      instance: randomUUID(),
      log: quietLog(),
      registry,
    });
    resources.use(service);
    return resources.move();
  }

  /** A task for a team that monitor has stored; the event is said apart. */
  async task(more: Partial<tasks.TaskWithBody> = {}): Promise<tasks.TaskWithBody> {
    return await this.storeTask(
      taskWithBody({
        id: newId(),
        repository: 'acme/shop',
        number: 7,
        title: 'Add a CSV export in TypeScript',
        body: 'Rows come from Postgres.',
        labels: ['bzzz-task', 'enhancement'],
        ...more,
      }),
    );
  }

  /** An agent that is registered and answered for; nobody is told. */
  async agent(
    agentId: string,
    capabilities: string[],
    more: Partial<agents.AgentView> = {},
  ): Promise<agents.AgentView> {
    const agent = agentView({ id: newId(), agent_id: agentId, capabilities, ...more });
    await this.storeAgent(agent);
    this.agents.push(agent);
    return agent;
  }

  /** The team of a task that was opened; waits for it. */
  async team(task: tasks.TaskWithBody): Promise<teams.TeamView> {
    await this.sayTask(tasks.taskOpened, task);
    return await this.until(task.id, () => true);
  }
}

/** The agent of a seat of the team, as the orchestrator tells of it. */
export function deploymentOf(
  team: teams.TeamView,
  role: string,
  more: Partial<deployments.DeploymentView> = {},
): deployments.DeploymentView {
  const { id: owner_id, task_id, project_name: project } = team;
  return deploymentView({ id: newId(), owner_id, task_id, project, role, ...more });
}
