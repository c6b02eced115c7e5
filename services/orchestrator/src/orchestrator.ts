import { type BeatListener, beatMsOf } from '@whoosh/backbeat-sdk';
import { type SignatureSettings } from '@whoosh/backbeat-sdk/claim-signatures';
import { type Bus } from '@whoosh/bus';
import { type Secret } from '@whoosh/config';
import { agents, CONSUMERS, deployments } from '@whoosh/contracts';
import { type Database, Duty } from '@whoosh/db';
import { newId, supervise, systemClock } from '@whoosh/lifecycle';
import { attemptLedger, LifeLog, OutboxRelay } from '@whoosh/outbox';
import { type Clock } from '@whoosh/stdx';
import { type Log, type Registry } from '@whoosh/telemetry';
import { Hlc, nodeSuffix } from 'hlc-ts';
import { type Kysely } from 'kysely';
import { type AgentKeys } from './agent-keys.ts';
import { ClaimEar } from './claim-ear.ts';
import { ClaimTrust } from './claim-trust.ts';
import { followOwners } from './consumers/owners.ts';
import { getAgent, listAgents, setAgentStatus } from './handlers/agents.ts';
import { getDeployment, listDeployments } from './handlers/deployments.ts';
import { registerAgent } from './handlers/register-agent.ts';
import { Lives } from './lives.ts';
import { readMissedClaims } from './missed-claims.ts';
import { OrchestratorMetrics } from './metrics.ts';
import { Presence } from './presence.ts';
import { Reconciler } from './reconciler.ts';
import { type AgentRuntime } from './runtime/agent-runtime.ts';
import { AgentStore } from './store/agents.ts';
import { DeploymentStore } from './store/deployments.ts';
import { OwnerStore } from './store/owners.ts';
import { AgentTokens } from './tokens.ts';

export interface OrchestratorOptions {
  readonly bus: Bus;
  readonly db: Kysely<Database>;
  readonly databaseUrl: Secret;
  /** Undefined with BACKBEAT switched off: then the seconds of every limit hold. */
  readonly beat: BeatListener | undefined;
  readonly cluster: string;
  /** Undefined: deployments are recorded, and wait. */
  readonly runtime: AgentRuntime | undefined;
  /** Makes what the agents sign with; undefined: they sign nothing. */
  readonly keys?: AgentKeys | undefined;
  /** Which claims are signs of life; undefined: all. */
  readonly signatures?: SignatureSettings | undefined;
  readonly image: string;
  readonly jwtSecret: Secret;
  readonly instance: string;
  /** The system's, unless a test moves it. */
  readonly clock?: Clock;
  readonly log: Log;
  readonly registry: Registry;
}

/** The whole surface of the service: what it answers, what it hears, what it does by itself. */
export async function startOrchestrator(
  options: OrchestratorOptions,
): Promise<AsyncDisposable & { relay: OutboxRelay }> {
  const { bus, db, databaseUrl, beat, runtime, log, registry, clock = systemClock } = options;
  await using resources = new AsyncDisposableStack();
  const metrics = new OrchestratorMetrics(registry);
  const agentStore = new AgentStore(db);
  const deploymentStore = new DeploymentStore(db);
  const hlc = new Hlc({ physicalMs: () => clock.now(), node: nodeSuffix(options.instance) });
  const lifeLog = new LifeLog({ service: 'orchestrator', clock, hlc, newId });
  const relay = new OutboxRelay({ service: 'orchestrator', db, databaseUrl, bus, log, registry });
  const lives = new Lives({ db, agents: agentStore, deployments: deploymentStore, lifeLog, relay, metrics });
  const beatMs = () => {
    const tempo = beat?.tempo();
    return tempo === undefined ? undefined : beatMsOf(tempo);
  };
  const { signatures } = options;
  const trust = signatures && resources.use(new ClaimTrust({ ...options, signatures, metrics }));
  const presence = new Presence({
    agents: agentStore,
    deployments: deploymentStore,
    lives,
    clock,
    metrics,
    log,
    beatMs,
    isListening: () => bus.isConnected(),
    missedClaims: (agentId, since) =>
      readMissedClaims({ bus, cluster: options.cluster, agentId, since, trust }),
  });
  const learn = presence.learn.bind(presence);

  await bus.ensureStreams(['WHOOSH_EVENTS']);
  resources.use(supervise('outbox relay', (signal) => relay.run(signal), { log }));

  const tokens = new AgentTokens(options.jwtSecret);
  const agentCalls = {
    agents: agentStore,
    lives,
    clock,
    withNews: presence.withNews.bind(presence),
    onChanged: learn,
  };
  bus.serve(
    agents.registerAgent,
    registerAgent({
      lives,
      agents: agentStore,
      deployments: deploymentStore,
      tokens,
      clock,
      newId,
      onRegistered: learn,
    }),
  );
  bus.serve(agents.listAgents, listAgents(agentCalls));
  bus.serve(agents.getAgent, getAgent(agentCalls));
  bus.serve(agents.setAgentStatus, setAgentStatus(agentCalls));
  bus.serve(deployments.listDeployments, listDeployments(deploymentStore));
  bus.serve(deployments.getDeployment, getDeployment(deploymentStore));

  const reconciler = startReconciler(
    { ...options, clock, metrics, lives, beatMs, deployments: deploymentStore },
    resources,
  );
  const follow = followOwners({
    bus,
    lives,
    owners: new OwnerStore(db),
    agents: agentStore,
    deployments: deploymentStore,
    clock,
    newId,
    runtime: runtime?.kind ?? 'process',
    image: options.image,
    onWanted: () => reconciler?.wake(),
  });
  const ledger = attemptLedger(db, 'orchestrator');
  resources.use(await bus.consume(CONSUMERS['orchestrator-owners'], follow, { ledger }));

  watchPresence({ ...options, clock, metrics, presence, trust }, resources);
  await bus.flush();
  const running = resources.move();
  return { relay, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function watchPresence(
  options: Pick<OrchestratorOptions, 'bus' | 'beat' | 'cluster' | 'log'> & {
    clock: Clock;
    metrics: OrchestratorMetrics;
    presence: Presence;
    trust: ClaimTrust | undefined;
  },
  resources: AsyncDisposableStack,
): void {
  const { beat, presence, log } = options;
  resources.use(supervise('presence', (signal) => presence.run(signal), { log }));
  // What was heard in the last seconds is written before the pool is closed.
  resources.defer(() =>
    presence.note().catch((cause: unknown) => log.warn({ err: cause }, 'signs of life were lost')),
  );
  const ear = new ClaimEar({
    ...options,
    current: () => currentOf(beat),
    isNews: (agentId, claim) => presence.isNews(agentId, claim),
    onClaim: (agentId, claim) => presence.hear(agentId, claim),
  });
  resources.use(ear);
}

function currentOf(beat: OrchestratorOptions['beat']): { index: number; beatMs: number } | undefined {
  const now = beat?.currentBeat();
  return now && { index: now.index, beatMs: beatMsOf(now.tempoBpm) };
}

function startReconciler(
  options: Pick<OrchestratorOptions, 'runtime' | 'keys' | 'databaseUrl' | 'log'> & {
    clock: Clock;
    metrics: OrchestratorMetrics;
    lives: Lives;
    beatMs: () => number | undefined;
    deployments: DeploymentStore;
  },
  resources: AsyncDisposableStack,
): Reconciler | undefined {
  const { runtime, keys, databaseUrl: url, log } = options;
  if (runtime === undefined) return undefined;
  const duty = resources.use(new Duty({ url, name: 'orchestrator reconciler', log }));
  const reconciler = new Reconciler({ ...options, keys, runtime, isOnDuty: () => duty.held() });
  resources.use(supervise('reconciler', (signal) => reconciler.run(signal), { log }));
  return reconciler;
}
