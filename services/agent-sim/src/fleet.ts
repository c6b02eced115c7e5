import { startFleetLink } from '@whoosh/backbeat-sdk';
import { clusterName, natsAuth, natsServers } from '@whoosh/config';
import { type ServiceContext, supervise } from '@whoosh/lifecycle';
import { type Env } from './config.ts';
import { type FleetProfile, fleetProfile } from './domain/fleet-profiles.ts';
import { FleetPlayer } from './fleet-player.ts';
import { FleetRegistrar } from './fleet-registrar.ts';
import { SimMetrics } from './metrics.ts';
import { Rest } from './rest.ts';
import { readScore } from './score-file.ts';
import { showSummary } from './summary.ts';

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
  const auth = natsAuth(env);
  const link = resources.use(
    await startFleetLink({
      natsUrl: natsServers(env),
      clusterId: clusterName(env),
      log,
      ...(auth && { natsOptions: { user: auth.user, pass: auth.password.reveal() } }),
    }),
  );

  const player = new FleetPlayer({
    link,
    metrics,
    score,
    agentIds: profiles.map(({ agentId }) => agentId),
    seed: env.BACKBEAT_SEED,
    rate: env.BACKBEAT_RATE,
    joinStaggerMs: env.BACKBEAT_JOIN_STAGGER,
  });
  log.info({ agents: profiles.length, score: score.name, seed: env.BACKBEAT_SEED }, 'the fleet plays');
  ctx.readiness.check('beat', () => (link.currentBeat() === undefined ? 'no beat was heard yet' : true));
  link.onBeat((beat) => player.play(beat));
  link.onDownbeat((beat) => showSummary(beat, player.figures, { log, terminal: process.stdout }));
  endAfter(ctx, env.BACKBEAT_DURATION);
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
