import { type BeatListener } from '@whoosh/backbeat-sdk';
import { type Bus } from '@whoosh/bus';
import { CONSUMERS, councils } from '@whoosh/contracts';
import { type DB, Duty } from '@whoosh/db';
import { type Secret } from '@whoosh/config';
import { newId, supervise, systemClock } from '@whoosh/lifecycle';
import { attemptLedger, LifeLog, OutboxRelay } from '@whoosh/outbox';
import { type Log, type Registry } from '@whoosh/telemetry';
import { Hlc, nodeSuffix } from 'hlc-ts';
import { type Kysely } from 'kysely';
import { type CouncilSettings } from './config.ts';
import { onAgent } from './consumers/agents.ts';
import { onTask } from './consumers/tasks.ts';
import { type LocalGrid, type PaceBeat } from './domain/pace.ts';
import { driveDeadlines } from './drivers/deadlines.ts';
import { HttpOpportunities } from './drivers/http-opportunities.ts';
import { announceOpportunities } from './drivers/opportunities.ts';
import { driveRounds } from './drivers/rounds.ts';
import { addArtifact } from './handlers/add-artifact.ts';
import { cancelCouncil } from './handlers/cancel-council.ts';
import { castVote } from './handlers/cast-vote.ts';
import { claimRole } from './handlers/claim-role.ts';
import { getArtifact, getCouncil, listArtifacts, listCouncils } from './handlers/read-councils.ts';
import { CouncilLives } from './lives.ts';
import { CouncilMetrics } from './metrics.ts';
import { Pace } from './pace.ts';
import { type Role } from './roles.ts';
import { CouncilStore } from './store/councils.ts';
import { CouncilQueries } from './store/queries.ts';

export interface CouncilOptions {
  readonly bus: Bus;
  readonly db: Kysely<DB>;
  readonly databaseUrl: Secret;
  readonly listener: BeatListener | undefined;
  readonly grid: LocalGrid;
  readonly roles: ReadonlyMap<string, Role>;
  readonly settings: CouncilSettings;
  readonly instance: string;
  readonly log: Log;
  readonly registry: Registry;
}

export interface CouncilService extends AsyncDisposable {
  /** Age of the oldest event that is not published yet. */
  lagSeconds(): number;
}

/** The council service's whole surface: what it answers, what it hears, and what it does by itself. */
export async function startCouncil(options: CouncilOptions): Promise<CouncilService> {
  const { bus, db, log, roles, settings } = options;
  const clock = systemClock;
  await using resources = new AsyncDisposableStack();
  const metrics = new CouncilMetrics(options.registry);
  const store = new CouncilStore();
  const queries = new CouncilQueries(db);
  const relay = new OutboxRelay({
    service: 'council',
    db,
    databaseUrl: options.databaseUrl,
    bus,
    log,
    registry: options.registry,
  });
  const hlc = new Hlc({ physicalMs: () => clock.now(), node: nodeSuffix(options.instance) });
  const lifeLog = new LifeLog({ service: 'council', clock, hlc, newId });
  const lives = new CouncilLives({ db, store, lifeLog, metrics, wake: () => relay.wake() });
  const pace = new Pace({
    listener: options.listener,
    grid: options.grid,
    clock,
    log,
    onLocal: (isLocal) => metrics.pacedLocally.set(isLocal ? 1 : 0),
  });
  const speaker = resources.use(new Duty({ url: options.databaseUrl, name: 'council opportunities', log }));

  await bus.ensureStreams(['WHOOSH_EVENTS', 'WHOOSH_AGENTS']);
  resources.use(supervise('outbox relay', (signal) => relay.run(signal), { log }));

  bus.serve(councils.listCouncils, listCouncils({ db, store, queries }));
  bus.serve(councils.getCouncil, getCouncil({ db, store, queries }));
  bus.serve(councils.listArtifacts, listArtifacts({ db, store, queries }));
  bus.serve(councils.getArtifact, getArtifact({ db, store, queries }));
  bus.serve(councils.claimRole, claimRole({ lives, roles, pace, clock, metrics }));
  bus.serve(councils.addArtifact, addArtifact({ lives, clock, newId }));
  bus.serve(councils.castVote, castVote({ lives, clock }));
  bus.serve(councils.cancelCouncil, cancelCouncil({ lives, clock }));

  const ledger = attemptLedger(db, 'council');
  const hearTasks = onTask({ bus, lives, queries, roles, pace, settings, clock, newId, log });
  resources.use(await bus.consume(CONSUMERS['council-tasks'], hearTasks, { ledger }));
  const hearAgents = onAgent({ lives, queries, settings, clock });
  resources.use(await bus.consume(CONSUMERS['council-agents'], hearAgents, { ledger }));

  const advance = driveRounds({ queries, lives, clock, log });
  const http = resources.use(new HttpOpportunities({ bus, metrics, log }));
  const announce = announceOpportunities({
    bus,
    http,
    queries,
    roles,
    metrics,
    isSpeaker: () => speaker.held(),
  });
  const onDownbeat = async (beat: PaceBeat): Promise<void> => {
    await advance(beat);
    await announce();
  };
  resources.use(supervise('rounds', (signal) => pace.run(onDownbeat, signal), { log }));
  const { deadlineCheckMs: checkMs } = settings;
  const deadlines = driveDeadlines({ queries, lives, pace, clock, metrics, log, checkMs });
  resources.use(supervise('deadlines', deadlines, { log }));

  await bus.flush();
  const owned = resources.move();
  return {
    lagSeconds: () => relay.lagSeconds(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
