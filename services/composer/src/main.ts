import { connectBus } from '@whoosh/bus';
import { databaseConfig, natsAuth, natsServers } from '@whoosh/config';
import { databaseHealth, migrateIfWanted, openDatabase } from '@whoosh/db';
import { runService } from '@whoosh/lifecycle';
import { startComposer } from './composer.ts';
import { ComposerEnv, composerProblems, composerSettings } from './config.ts';

await runService({
  service: 'composer',
  env: ComposerEnv,
  check: composerProblems,
  start: async ({ env, log, registry, resources, readiness, stopping, instance, version }) => {
    const database = databaseConfig(env);
    await migrateIfWanted(database, { log, signal: stopping, readiness });
    const db = openDatabase(database, { service: 'composer', log, registry });
    resources.defer(() => db.destroy());

    const auth = natsAuth(env);
    const bus = resources.use(
      await connectBus({
        servers: natsServers(env),
        service: 'composer',
        instance,
        profile: 'beat',
        log,
        registry,
        readiness,
        ...(auth && { auth }),
      }),
    );

    const composer = resources.use(
      await startComposer({
        bus,
        db,
        databaseUrl: database.url,
        settings: composerSettings(env),
        instance,
        log,
        registry,
      }),
    );
    bus.serveDiscovery({
      version,
      description: 'Classifies tasks, matches skills, composes teams',
      health: async () => {
        const database = await databaseHealth(db);
        return {
          status: bus.isConnected() && database.state === 'ok' ? 'ok' : 'degraded',
          dependencies: { database: database.state, bus: bus.isConnected() ? 'ok' : 'away' },
          details: { database: database.statistics, outbox_lag_seconds: composer.lagSeconds() },
        };
      },
    });
    await bus.flush();
  },
});
