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
import { type Bus, connectBus } from '@whoosh/bus';
import { Secret } from '@whoosh/config';
import {
  CallError,
  type CloudEvent,
  councils,
  type EventContract,
  type Principal,
  type RequestOf,
  tasks,
} from '@whoosh/contracts';
import { type DB, openDatabase } from '@whoosh/db';
import { newRegistry, type Registry } from '@whoosh/telemetry';
import { cloneDatabase, quietLog, startNats, until } from '@whoosh/testkit';
import { type Kysely } from 'kysely';
import { type CouncilSettings } from '../src/config.ts';
import { startCouncil } from '../src/council.ts';
import { localGrid } from '../src/domain/pace.ts';
import { readRoles } from '../src/roles.ts';
import { insertAgent, insertTask, taskOf } from './rows.ts';

export const CLUSTER = 'test';
export const CORE = ['product-manager', 'eng-lead', 'qa-lead'] as const;

export interface BenchOptions {
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

type Parts = Pick<Bench, 'resources' | 'db' | 'url' | 'natsUrl' | 'bus' | 'pulse'>;

export class Bench implements AsyncDisposable {
  readonly resources: AsyncDisposableStack;
  readonly db: Kysely<DB>;
  readonly url: string;
  readonly natsUrl: string;
  readonly bus: Bus;
  readonly pulse: TestPulse;
  readonly registries: Registry[] = [];
  /** By which the services hear the beat: it passes with the beats that the test sends. */
  readonly clock = new ManualClock();
  readonly listeners: BeatListener[] = [];
  /** What monitor answers to `task.get`. */
  readonly tasks = new Map<string, tasks.TaskWithBody>();
  /** Everything the service published, in the order of the stream. */
  readonly events: CloudEvent<councils.CouncilView>[] = [];
  readonly opportunities: unknown[] = [];
  readonly #options: BenchOptions;

  private constructor(parts: Parts, options: BenchOptions) {
    this.resources = parts.resources;
    this.db = parts.db;
    this.url = parts.url;
    this.natsUrl = parts.natsUrl;
    this.bus = parts.bus;
    this.pulse = parts.pulse;
    this.#options = options;
  }

  /** `databaseUrl` lets two benches with a broker each share one database. */
  static async start(options: BenchOptions = {}, databaseUrl?: string): Promise<Bench> {
    await using resources = new AsyncDisposableStack();
    const url = databaseUrl ?? resources.use(await cloneDatabase()).url;
    const nats = resources.use(await startNats());
    const db = openTestDatabase(url);
    resources.defer(() => db.destroy());
    const bus = resources.use(await connectTestBus(nats.url, 'monitor'));
    await bus.ensureStreams(['WHOOSH_EVENTS', 'WHOOSH_AGENTS', 'BACKBEAT_BEATS']);
    const pulse = resources.use(
      new TestPulse({
        connection: bus.connection,
        clusterId: CLUSTER,
        tempoBpm: TEMPO_BPM,
        barLength: 4,
        firstIndex: 100,
        ...(options.pulseSigner && { signer: options.pulseSigner }),
      }),
    );
    const parts = { resources: resources.move(), db, url, natsUrl: nats.url, bus, pulse };
    const bench = new Bench(parts, options);
    bench.#listen();
    bench.#answerForMonitor();
    await bus.flush();
    if (options.pulse) pulse.beat();
    for (let at = 0; at < (options.instances ?? 1); at += 1) {
      bench.resources.use(await bench.startService());
    }
    return bench;
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
    const db = openTestDatabase(this.url);
    resources.defer(() => db.destroy());
    const bus = resources.use(await connectTestBus(this.natsUrl, 'council', registry));
    const listener = this.#options.pulse
      ? resources.use(
          await listenToBeats({ bus, clusterId: CLUSTER, clock: this.clock, signatures: this.#trust() }),
        )
      : undefined;
    if (listener !== undefined) this.listeners.push(listener);
    const service = await startCouncil({
      bus,
      db,
      databaseUrl: new Secret(this.url),
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

  [Symbol.asyncDispose](): Promise<void> {
    return this.resources.disposeAsync();
  }

  /** A Design Brief that monitor has stored; the event is published apart. */
  async brief(more: Partial<tasks.TaskWithBody> = {}): Promise<tasks.TaskWithBody> {
    const task = taskOf(more);
    await insertTask(this.db, task);
    this.tasks.set(task.id, task);
    return task;
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

  /** The council of a task that was opened; waits for it. */
  async formed(task: tasks.TaskWithBody): Promise<councils.CouncilView> {
    await this.sayTask(tasks.taskOpened, task);
    return await this.until(task.id, () => true);
  }

  /** Waits until the newest council of the task is as it should be. */
  async until(
    taskId: string,
    isSo: (council: councils.CouncilView) => boolean,
  ): Promise<councils.CouncilView> {
    let last: councils.CouncilView | undefined;
    return await until(
      async () => {
        const { items } = await this.bus.call(councils.listCouncils, { limit: 1, task_id: taskId });
        [last] = items;
        return last !== undefined && isSo(last) ? last : undefined;
      },
      { timeoutMs: 30_000, describe: () => `the council to be so: ${JSON.stringify(last)}` },
    );
  }

  async agent(agentId: string): Promise<void> {
    await insertAgent(this.db, agentId);
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

  /** What was told of a council so far. */
  happenings(councilId: string): string[] {
    return this.events
      .filter(({ subject }) => subject === councilId)
      .map(({ type }) => type.split('.')[2] ?? '');
  }

  #trust(): SignaturePolicy | undefined {
    const { pulseSigner: signer } = this.#options;
    return signer && { keys: readTrustedKeys(trustedKeyLine(signer, PULSE_OWNER)), required: true };
  }

  #listen(): void {
    this.bus.connection.subscribe('whoosh.v1.event.council.>', {
      callback: (_, message) => void this.events.push(message.json()),
    });
    this.bus.connection.subscribe('whoosh.v1.agents.opportunity.*', {
      callback: (_, message) => void this.opportunities.push(message.json()),
    });
  }

  #answerForMonitor(): void {
    this.bus.serve(tasks.getTask, async ({ id }) => {
      const task = this.tasks.get(id);
      if (task === undefined) throw new CallError('not_found', 'no such task');
      return task;
    });
  }
}

export function agentPrincipal(agentId: string): Principal {
  return { kind: 'agent', id: agentId, role: 'agent' };
}
export const ADMIN: Principal = { kind: 'user', id: 'root', role: 'admin' };

function openTestDatabase(url: string): Kysely<DB> {
  const limits = { maxConns: 5, maxIdleConns: 5, lifetimeMs: 600_000, idleTimeMs: 60_000 };
  return openDatabase(
    { url: new Secret(url), ...limits, autoMigrate: false, logLevel: 'none' },
    { service: 'test', log: quietLog(), registry: newRegistry('test') },
  );
}

async function connectTestBus(
  servers: string,
  service: string,
  registry = newRegistry(service),
): Promise<Bus> {
  return await connectBus({ servers, service, profile: 'agent', log: quietLog(), registry });
}
