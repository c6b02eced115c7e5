import { listenToBeats } from '@whoosh/backbeat-sdk';
import { claimSignatures } from '@whoosh/backbeat-sdk/claim-signatures';
import { signaturePolicy } from '@whoosh/backbeat-sdk/keys';
import { connectBus } from '@whoosh/bus';
import { clusterName, databaseConfig, environmentName, natsAuth, natsServers } from '@whoosh/config';
import { databaseHealth, migrateIfWanted, openDatabase } from '@whoosh/db';
import { runService } from '@whoosh/lifecycle';
import { AgentKeys } from './agent-keys.ts';
import { agentProcessEnvironment, Env, problems, stateDirectory } from './config.ts';
import { startOrchestrator } from './orchestrator.ts';
import { chooseRuntime } from './runtime/choose-runtime.ts';

await runService({
  service: 'orchestrator',
  env: Env,
  check: problems,
  start: async ({ env, log, registry, resources, readiness, stopping, instance, version }) => {
    const database = databaseConfig(env);
    await migrateIfWanted(database, { log, signal: stopping, readiness });
    const db = openDatabase(database, { service: 'orchestrator', log, registry });
    resources.defer(() => db.destroy());
    const servers = natsServers(env);
    const auth = natsAuth(env);
    const bus = resources.use(
      await connectBus({
        servers,
        auth,
        service: 'orchestrator',
        instance,
        profile: 'beat',
        log,
        registry,
        readiness,
      }),
    );
    const cluster = clusterName(env);
    const policy = signaturePolicy(env);
    const beat = env.WHOOSH_BACKBEAT_ENABLED
      ? resources.use(await listenToBeats({ bus, clusterId: cluster, log, signatures: policy }))
      : undefined;

    const { runtime, reason } = await chooseRuntime(env.WHOOSH_AGENT_RUNTIME, environmentName(env), {
      stateDirectory: stateDirectory(env),
      program: env.WHOOSH_AGENT_PROGRAM,
      environment: agentProcessEnvironment(process.env, {
        endpoint: env.WHOOSH_AGENT_ENDPOINT,
        natsUrl: servers,
        cluster,
      }),
      log,
    });
    log.info({ runtime: runtime?.kind ?? 'none', reason }, 'runtime chosen');
    const { WHOOSH_AGENT_VOUCHER_KEY: voucherKey } = env;
    if (runtime !== undefined && voucherKey === undefined && env.BACKBEAT_REQUIRE_SIGNATURES) {
      log.warn(
        'agents sign nothing without WHOOSH_AGENT_VOUCHER_KEY, so none that is started here is believed to be there',
      );
    }

    const { relay } = resources.use(
      await startOrchestrator({
        bus,
        db,
        databaseUrl: database.url,
        beat,
        cluster,
        runtime,
        keys: voucherKey && new AgentKeys(voucherKey, cluster),
        signatures: claimSignatures(policy),
        image: env.WHOOSH_AGENT_IMAGE,
        jwtSecret: env.WHOOSH_AUTH_JWT_SECRET,
        instance,
        log,
        registry,
      }),
    );
    bus.serveDiscovery({
      version,
      description: 'The registry of agents, and the agents that councils and teams want',
      health: async () => {
        const database = await databaseHealth(db);
        return {
          status: bus.isConnected() && database.state === 'ok' ? 'ok' : 'degraded',
          dependencies: {
            database: database.state,
            bus: bus.isConnected() ? 'ok' : 'away',
            runtime: runtime?.kind ?? `none: ${reason}`,
          },
          details: { database: database.statistics, outbox_lag_seconds: relay.lagSeconds() },
        };
      },
    });
  },
});
