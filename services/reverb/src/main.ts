import { listenToBeats } from '@whoosh/backbeat-sdk';
import { signaturePolicy } from '@whoosh/backbeat-sdk/keys';
import { connectBus } from '@whoosh/bus';
import { clusterName, databaseConfig, isDatabaseConfigured, natsAuth, natsServers } from '@whoosh/config';
import { migrateIfWanted, openDatabase } from '@whoosh/db';
import { runService } from '@whoosh/lifecycle';
import { Env, problems, signatureSettings } from './config.ts';
import { Reverb, type ReverbOptions } from './reverb.ts';
import { routeAdmin, serveCalls } from './serve.ts';
import { ReportStore } from './store/reports.ts';

await runService({
  service: 'reverb',
  env: Env,
  check: problems,
  async start({ env, log, registry, resources, readiness, admin, instance, version }) {
    const clusterId = clusterName(env);
    const auth = natsAuth(env);
    const options = {
      servers: natsServers(env),
      service: 'reverb',
      instance,
      profile: 'beat',
      log,
      registry,
      auth,
    } as const;
    const bus = resources.use(await connectBus({ ...options, readiness }));
    // Beats have a connection of their own, so that no flood of claims delays them.
    const beats = resources.use(await connectBus(options));

    let store: ReverbOptions['store'];
    if (isDatabaseConfigured(env)) {
      const config = databaseConfig(env);
      const db = openDatabase(config, { service: 'reverb', log, registry });
      resources.defer(() => db.destroy());
      store = { reports: new ReportStore(db), prepare: (signal) => migrateIfWanted(config, { log, signal }) };
    }

    const barLength = env.BACKBEAT_BAR_LENGTH;
    const beatSignatures = signaturePolicy(env);
    const listener = resources.use(
      await listenToBeats({
        clusterId,
        bus: beats,
        // With several servers, one that dies or stands still costs no beat.
        secondEar: {
          natsUrl: natsServers(env),
          ...(auth && { natsOptions: { user: auth.user, pass: auth.password.reveal() } }),
        },
        log,
        barLength,
        signatures: beatSignatures,
      }),
    );
    const reverb = resources.use(
      await Reverb.start({
        bus,
        listener,
        clusterId,
        node: env.BACKBEAT_NODE,
        barLength,
        log,
        registry,
        store,
        signatures: signatureSettings(env),
        beatSignatures,
      }),
    );
    readiness.check('claims', () => {
      if (reverb.session === undefined || reverb.session.isAway) return 'the claims stream is away';
      return reverb.session.isCaughtUp || `${reverb.session.lag} claims are still to be read`;
    });
    readiness.check(
      'reports',
      () => (reverb.session?.reportsWaiting ?? 0) < 10 || 'reports wait to be stored',
    );

    serveCalls(bus, reverb);
    routeAdmin(admin, reverb);
    bus.serveDiscovery({
      version,
      description: 'StatusClaims to BarReports, one per window',
      health: () =>
        Promise.resolve({
          status: Object.keys(readiness.failing()).length === 0 ? 'ok' : 'degraded',
          dependencies: {
            nats: bus.isConnected() ? 'ok' : 'away',
            beat: listener.health().mode,
            database: reverb.database,
          },
          details: {
            lag: reverb.session?.lag ?? null,
            reports_waiting: reverb.session?.reportsWaiting ?? null,
          },
        }),
    });
    await bus.flush();
  },
});
