import { listenToBeats } from '@whoosh/backbeat-sdk';
import { signaturePolicy } from '@whoosh/backbeat-sdk/keys';
import { connectBus } from '@whoosh/bus';
import { clusterName, databaseConfig, natsAuth, natsServers } from '@whoosh/config';
import { databaseHealth, migrateIfWanted, openDatabase } from '@whoosh/db';
import { runService } from '@whoosh/lifecycle';
import { CouncilEnv, councilProblems, councilSettings } from './config.ts';
import { startCouncil } from './council.ts';
import { localGrid } from './domain/pace.ts';
import { readRoles } from './roles.ts';

await runService({
  service: 'council',
  env: CouncilEnv,
  check: councilProblems,
  start: async ({ env, log, registry, resources, readiness, stopping, instance, version }) => {
    const roles = readRoles(env.WHOOSH_ROLES_FILES);
    const database = databaseConfig(env);
    await migrateIfWanted(database, { log, signal: stopping, readiness });
    const db = openDatabase(database, { service: 'council', log, registry });
    resources.defer(() => db.destroy());

    const auth = natsAuth(env);
    const bus = resources.use(
      await connectBus({
        servers: natsServers(env),
        service: 'council',
        instance,
        profile: 'beat',
        log,
        registry,
        readiness,
        ...(auth && { auth }),
      }),
    );

    const listener = env.WHOOSH_BACKBEAT_ENABLED
      ? resources.use(
          await listenToBeats({ bus, clusterId: clusterName(env), log, signatures: signaturePolicy(env) }),
        )
      : undefined;
    const council = resources.use(
      await startCouncil({
        bus,
        db,
        databaseUrl: database.url,
        listener,
        grid: localGrid(env.WHOOSH_COUNCIL_LOCAL_TEMPO_BPM, env.WHOOSH_COUNCIL_LOCAL_BAR_LENGTH),
        roles,
        settings: councilSettings(env),
        instance,
        log,
        registry,
      }),
    );
    bus.serveDiscovery({
      version,
      description: 'Forms and runs project kickoff councils',
      health: async () => {
        const database = await databaseHealth(db);
        return {
          status: bus.isConnected() && database.state === 'ok' ? 'ok' : 'degraded',
          dependencies: {
            database: database.state,
            bus: bus.isConnected() ? 'ok' : 'away',
            pulse: listener?.health().mode ?? 'off',
          },
          details: { database: database.statistics, outbox_lag_seconds: council.lagSeconds() },
        };
      },
    });
    await bus.flush();
  },
});
