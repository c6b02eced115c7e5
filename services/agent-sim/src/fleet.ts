import { type Fleet, startFleetLink } from '@whoosh/backbeat-sdk';
import { signaturePolicy } from '@whoosh/backbeat-sdk/keys';
import { clusterName, natsAuth, natsServers } from '@whoosh/config';
import { type ServiceContext, supervise } from '@whoosh/lifecycle';
import { type Env, signerOf } from './config.ts';
import { type FleetProfile, fleetProfile } from './domain/fleet-profiles.ts';
import { FleetMetrics } from './fleet-metrics.ts';
import { FleetPlayer } from './fleet-player.ts';
import { FleetRegistrar } from './fleet-registrar.ts';
import { SimMetrics } from './metrics.ts';
import { Rest } from './rest.ts';
import { readScore } from './score-file.ts';
import { showSummary } from './summary.ts';

const TELL_EVERY_MS = 1_000;

/**
 * Many agents, but one connection: there is no crowd to hold back when it returns, and a server that froze must be left
 * well before their claims are given up.
 */
const FLEET_PROFILE = {
  timeout: 1_000,
  pingInterval: 500,
  maxPingOut: 2,
  reconnectDelayHandler: () => 20 + Math.random() * 80,
} as const;

/** A fleet of simulated agents on one shared connection, playing a score. */
export async function startFleet(ctx: ServiceContext<Env>): Promise<void> {
  const { env, log, resources } = ctx;
  const score = await readScore(env.BACKBEAT_SCORE);
  const metrics = new SimMetrics(ctx.registry);
  const profiles = Array.from({ length: env.BACKBEAT_AGENTS }, (_, index) =>
    fleetProfile(env.BACKBEAT_AGENT_PREFIX, index),
  );
  // Before the link, so that it ends after it: a claim that follows a farewell would call the agent back.
  registerFleet(ctx, metrics, profiles);
  const link = await joinFleet(ctx);
  const fleetMetrics = new FleetMetrics(metrics, ctx.registry);
  const player = resources.use(
    new FleetPlayer({
      link,
      score,
      agentIds: profiles.map(({ agentId }) => agentId),
      seed: env.BACKBEAT_SEED,
      rate: env.BACKBEAT_RATE,
      joinStaggerMs: env.BACKBEAT_JOIN_STAGGER,
      log,
      onStored: (delayMs) => fleetMetrics.stored(delayMs),
    }),
  );
  log.info({ agents: profiles.length, score: score.name, seed: env.BACKBEAT_SEED }, 'the fleet plays');
  ctx.readiness.check('beat', () => (link.currentBeat() === undefined ? 'no beat was heard yet' : true));
  link.onBeat((beat) => player.play(beat));
  link.onDownbeat((beat) => showSummary(beat, player.figures, { log, terminal: process.stdout }));
  const telling = setInterval(() => fleetMetrics.tell(player.figures), TELL_EVERY_MS);
  resources.defer(() => clearInterval(telling));
  endAfter(ctx, env.BACKBEAT_DURATION);
}

/** One connection for all. */
async function joinFleet({ env, log, readiness, resources }: ServiceContext<Env>): Promise<Fleet> {
  const auth = natsAuth(env);
  return resources.use(
    await startFleetLink({
      natsUrl: natsServers(env),
      clusterId: clusterName(env),
      log,
      readiness,
      signer: signerOf(env),
      signatures: signaturePolicy(env),
      natsOptions: {
        ...FLEET_PROFILE,
        ...(auth && { user: auth.user, pass: auth.password.reveal() }),
      },
    }),
  );
}

/** Beside the playing: agents claim whether WHOOSH is there or not. */
function registerFleet(
  ctx: ServiceContext<Env>,
  metrics: SimMetrics,
  profiles: readonly FleetProfile[],
): void {
  const { env, log, resources } = ctx;
  const { WHOOSH_ENDPOINT: endpoint, WHOOSH_SERVICE_TOKEN: token } = env;
  if (endpoint === undefined || token === undefined) return;
  const rest = new Rest({
    endpoint,
    token: () => token.reveal(),
    onResult: (result) => metrics.requests.inc({ result }),
  });
  const registrar = new FleetRegistrar({ rest, token: token.reveal(), log });
  resources.defer(() => registrar.farewell());
  resources.use(supervise('registration', (signal) => registrar.register(profiles, signal), { log }));
}

function endAfter({ resources }: ServiceContext<Env>, durationMs: number): void {
  if (durationMs === 0) return;
  const timer = setTimeout(() => process.kill(process.pid, 'SIGTERM'), durationMs);
  resources.defer(() => clearTimeout(timer));
}
