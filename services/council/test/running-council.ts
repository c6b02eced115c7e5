/** A council service as it runs, on a broker and a database of its own; the neighbours are played by the test. */
import { randomUUID } from 'node:crypto';
import { type BeatListener, listenToBeats } from '@whoosh/backbeat-sdk';
import {
  PULSE_OWNER,
  readTrustedKeys,
  type SignaturePolicy,
  type Signer,
  trustedKeyLine,
} from '@whoosh/backbeat-sdk/keys';
import { ManualClock, TestPulse } from '@whoosh/backbeat-sdk/testing';
import { Secret } from '@whoosh/config';
import {
  type agents,
  councils,
  type deployments,
  type Principal,
  type RequestOf,
  tasks,
} from '@whoosh/contracts';
import { agentView, deploymentView, taskWithBody } from '@whoosh/contracts/testing';
import { newId } from '@whoosh/lifecycle';
import {
  connectTestBus,
  Neighbours,
  openSurroundings,
  openTestDatabase,
  type Surroundings,
} from '@whoosh/outbox/testing';
import { newRegistry, type Registry } from '@whoosh/telemetry';
import { quietLog, until } from '@whoosh/testkit';
import { type CouncilSettings } from '../src/config.ts';
import { startCouncil } from '../src/council.ts';
import { localGrid } from '../src/domain/pace.ts';
import { readRoles } from '../src/roles.ts';

export const CLUSTER = 'test';
export const CORE = ['product-manager', 'eng-lead', 'qa-lead'] as const;

export interface WorldOptions {
  readonly instances?: number;
  /** Beats come from `bar()`, one bar per call. Without it rounds follow a local grid. */
  readonly pulse?: boolean;
  /** Signs them, and the services believe no others. */
  readonly pulseSigner?: Signer;
  readonly localTempoBpm?: number;
  readonly settings?: Partial<CouncilSettings>;
}

const SETTINGS: CouncilSettings = {
  seatDeadlineMs: 60_000,
  seatDeadlineBeats: 0,
  // Seats are free at once, unless a test is about reservations.
  seatReservationMs: 0,
  deadlineCheckMs: 20,
};
/** No bar ends while a test runs that is not about bars. */
const LOCAL_TEMPO_BPM = 1;
const BAR_LENGTH = 4;
export const TEMPO_BPM = 120;
export const BEAT_MS = 60_000 / TEMPO_BPM;

export class World extends Neighbours<councils.CouncilView> {
  readonly pulse: TestPulse;
  readonly registries: Registry[] = [];
  /** By which the services hear the beat: it passes with the beats that the test sends. */
  readonly clock = new ManualClock();
  readonly listeners: BeatListener[] = [];
  readonly opportunities: unknown[] = [];
  readonly #options: WorldOptions;

  private constructor(surroundings: Surroundings, options: WorldOptions) {
    super(surroundings, { noun: 'council', list: councils.listCouncils });
    this.#options = options;
    this.pulse = this.resources.use(
      new TestPulse({
        connection: this.bus.connection,
        clusterId: CLUSTER,
        tempoBpm: TEMPO_BPM,
        barLength: BAR_LENGTH,
        firstIndex: 100,
        ...(options.pulseSigner && { signer: options.pulseSigner }),
      }),
    );
    this.bus.connection.subscribe('whoosh.v1.agents.opportunity.*', {
      callback: (_, message) => void this.opportunities.push(message.json()),
    });
  }

  /** `databaseUrl` lets two worlds with a broker each share one database. */
  static async start(options: WorldOptions = {}, databaseUrl?: string): Promise<World> {
    const streams = ['WHOOSH_EVENTS', 'WHOOSH_AGENTS', 'BACKBEAT_BEATS'] as const;
    const world = new World(await openSurroundings({ service: 'monitor', streams, databaseUrl }), options);
    await world.bus.flush();
    if (options.pulse) world.pulse.beat();
    for (let at = 0; at < (options.instances ?? 1); at += 1) {
      world.resources.use(await world.startService());
    }
    return world;
  }

  /** Beats until the next bar has begun, each beat as soon as the one before was heard by all. */
  async bar(): Promise<number> {
    for (;;) {
      this.clock.advance(BEAT_MS);
      const { beat_index: index, downbeat } = this.pulse.beat();
      await until(() => this.listeners.every((listener) => (listener.currentBeat()?.index ?? -1) >= index), {
        describe: `beat ${index} to be heard`,
      });
      if (downbeat) return index;
    }
  }

  /** Beats one bar, and waits until the council's round has gone on because of it. */
  async nextPhase(taskId: string): Promise<councils.CouncilView> {
    const beat = await this.bar();
    return await this.until(
      taskId,
      ({ round, status }) => status !== 'active' || round?.phase_opened_at_beat === beat,
    );
  }

  /** One more replica, with a bus and a pool of its own. */
  async startService(settings: Partial<CouncilSettings> = {}): Promise<AsyncDisposable> {
    await using resources = new AsyncDisposableStack();
    const registry = newRegistry('council');
    this.registries.push(registry);
    const db = openTestDatabase(this.databaseUrl);
    resources.defer(() => db.destroy());
    const bus = resources.use(await connectTestBus(this.natsUrl, 'council', { registry }));
    const listener = this.#options.pulse
      ? resources.use(
          await listenToBeats({ bus, clusterId: CLUSTER, clock: this.clock, signatures: this.#trust() }),
        )
      : undefined;
    if (listener !== undefined) this.listeners.push(listener);
    const service = await startCouncil({
      bus,
      db,
      databaseUrl: new Secret(this.databaseUrl),
      listener,
      grid: localGrid(this.#options.localTempoBpm ?? LOCAL_TEMPO_BPM, BAR_LENGTH),
      roles: readRoles([]),
      settings: { ...SETTINGS, ...this.#options.settings, ...settings },
      instance: randomUUID(),
      log: quietLog(),
      registry,
    });
    resources.use(service);
    return resources.move();
  }

  /** A Design Brief that monitor has stored; the event is said apart. */
  async brief(more: Partial<tasks.TaskWithBody> = {}): Promise<tasks.TaskWithBody> {
    return await this.storeTask(
      taskWithBody({
        id: newId(),
        repository: 'acme/shop',
        number: 7,
        title: 'Design Brief: shop',
        body: 'A parser for CSV files, as a library.',
        labels: ['chorus-entrypoint'],
        kind: 'brief',
        ...more,
      }),
    );
  }

  /** The council of a task that was opened; waits for it. */
  async formed(task: tasks.TaskWithBody): Promise<councils.CouncilView> {
    await this.sayTask(tasks.taskOpened, task);
    return await this.until(task.id, () => true);
  }

  async agent(agentId: string): Promise<void> {
    await this.storeAgent(agentOf(agentId));
  }

  async claim(
    councilId: string,
    role: string,
    agentId: string,
    principal: Partial<Principal> = {},
  ): Promise<councils.CouncilView> {
    return await this.bus.call(
      councils.claimRole,
      { council_id: councilId, role, agent_id: agentId, capabilities: [role] },
      { principal: { ...agentPrincipal(agentId), ...principal } },
    );
  }

  /** All core seats taken by agents that are called like their roles, as soon as the seats are free. */
  async activate(council: councils.CouncilView): Promise<councils.CouncilView> {
    await this.offered(council.id);
    let view = council;
    for (const role of CORE) {
      await this.agent(role);
      view = await this.claim(council.id, role, role);
    }
    return view;
  }

  /** Waits until the seats are free for everybody. */
  async offered(councilId: string): Promise<void> {
    await until(() => this.happenings(councilId).includes('role_offered'), { describe: 'the offer' });
  }

  async add(
    councilId: string,
    kind: RequestOf<typeof councils.addArtifact>['kind'],
    agentId: string,
    content: string,
  ): Promise<councils.ArtifactView> {
    return await this.bus.call(
      councils.addArtifact,
      { council_id: councilId, kind, media_type: 'text/markdown', content },
      { principal: agentPrincipal(agentId) },
    );
  }

  async vote(artifact: councils.ArtifactView, agentId: string, vote: 'yes' | 'no', reason?: string) {
    return await this.bus.call(
      councils.castVote,
      { council_id: artifact.council_id, artifact_id: artifact.id, vote, ...(reason && { reason }) },
      { principal: agentPrincipal(agentId) },
    );
  }

  #trust(): SignaturePolicy | undefined {
    const { pulseSigner: signer } = this.#options;
    return signer && { keys: readTrustedKeys(trustedKeyLine(signer, PULSE_OWNER)), required: true };
  }
}

export function agentPrincipal(agentId: string): Principal {
  return { kind: 'agent', id: agentId, role: 'agent' };
}
export const ADMIN: Principal = { kind: 'user', id: 'root', role: 'admin' };

export function agentOf(agentId: string, more: Partial<agents.AgentView> = {}): agents.AgentView {
  return agentView({ id: newId(), agent_id: agentId, ...more });
}

/** The agent of a seat of the council, as the orchestrator tells of it. */
export function deploymentOf(council: councils.CouncilView, role: string): deployments.DeploymentView {
  const { id: owner_id, task_id, project_name: project } = council;
  return deploymentView({ id: newId(), owner_kind: 'council', owner_id, task_id, project, role });
}
