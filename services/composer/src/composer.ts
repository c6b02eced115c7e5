import { type Bus } from '@whoosh/bus';
import { type Secret } from '@whoosh/config';
import { CONSUMERS, teams } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { newId, supervise, systemClock } from '@whoosh/lifecycle';
import { attemptLedger, LifeLog, OutboxRelay } from '@whoosh/outbox';
import { type Log, type Registry } from '@whoosh/telemetry';
import { Hlc, nodeSuffix } from 'hlc-ts';
import { type Kysely } from 'kysely';
import { TeamComposer } from './compose-team.ts';
import { type ComposerSettings } from './config.ts';
import { onAgent } from './consumers/agents.ts';
import { onTask } from './consumers/tasks.ts';
import { WaitingTeams } from './drivers/waiting-teams.ts';
import { analyzeTask } from './handlers/analyze-task.ts';
import { createTeam } from './handlers/create-team.ts';
import { getDecision, getTeam, listTeams } from './handlers/read-teams.ts';
import { setTeamStatus } from './handlers/set-team-status.ts';
import { TeamLives } from './lives.ts';
import { ComposerMetrics } from './metrics.ts';
import { TeamStore } from './store/teams.ts';

export interface ComposerOptions {
  readonly bus: Bus;
  readonly db: Kysely<DB>;
  readonly databaseUrl: Secret;
  readonly settings: ComposerSettings;
  readonly instance: string;
  readonly log: Log;
  readonly registry: Registry;
}

export interface ComposerService extends AsyncDisposable {
  /** Age of the oldest event that is not published yet. */
  lagSeconds(): number;
}

/** The composer's whole surface: what it answers, what it hears, and what it does by itself. */
export async function startComposer(options: ComposerOptions): Promise<ComposerService> {
  const { bus, db, databaseUrl, settings, log, registry } = options;
  const clock = systemClock;
  await using resources = new AsyncDisposableStack();
  const metrics = new ComposerMetrics(registry);
  const store = new TeamStore();
  const relay = new OutboxRelay({ service: 'composer', db, databaseUrl, bus, log, registry });
  const hlc = new Hlc({ physicalMs: () => clock.now(), node: nodeSuffix(options.instance) });
  const lifeLog = new LifeLog({ service: 'composer', clock, hlc, newId });
  const lives = new TeamLives({ db, store, lifeLog, metrics, wake: () => relay.wake() });
  const composer = new TeamComposer({ bus, lives, settings, metrics, clock, newId, log });
  const { retryMs } = settings;
  const waiting = new WaitingTeams({ bus, db, store, composer, metrics, log, retryMs });

  await bus.ensureStreams(['WHOOSH_EVENTS']);
  resources.use(supervise('outbox relay', (signal) => relay.run(signal), { log }));

  bus.serve(teams.listTeams, listTeams({ db, store }));
  bus.serve(teams.getTeam, getTeam({ db, store }));
  bus.serve(teams.getDecision, getDecision({ db, store }));
  bus.serve(teams.createTeam, createTeam({ bus, store, lives, composer }));
  bus.serve(teams.analyzeTask, analyzeTask({ db, composer, clock, newId }));
  bus.serve(teams.setTeamStatus, setTeamStatus({ lives, clock }));

  const ledger = attemptLedger(db, 'composer');
  const hearTasks = onTask({ bus, db, store, lives, composer, clock, log });
  resources.use(await bus.consume(CONSUMERS['composer-tasks'], hearTasks, { ledger }));
  const hearAgents = onAgent({ lives, clock, onCandidate: () => waiting.wake() });
  resources.use(await bus.consume(CONSUMERS['composer-agents'], hearAgents, { ledger }));
  resources.use(supervise('waiting teams', (signal) => waiting.run(signal), { log }));

  await bus.flush();
  const owned = resources.move();
  return {
    lagSeconds: () => relay.lagSeconds(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
