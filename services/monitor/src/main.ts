import { natsAuth, natsServers, databaseConfig } from '@whoosh/config';
import { connectBus } from '@whoosh/bus';
import { databaseHealth, Duty, migrateIfWanted, openDatabase } from '@whoosh/db';
import { newId, runService, supervise, systemClock } from '@whoosh/lifecycle';
import { attemptLedger, LifeLog, OutboxRelay } from '@whoosh/outbox';
import { Hlc, nodeSuffix } from 'hlc-ts';
import { monitorProblems, MonitorEnv } from './config.ts';
import { Gitea } from './gitea/client.ts';
import { GiteaRequests } from './gitea/request.ts';
import { MonitorMetrics } from './metrics.ts';
import { serveMonitor } from './monitor.ts';

const SERVICE = 'monitor';

await runService({
  service: SERVICE,
  env: MonitorEnv,
  check: monitorProblems,
  async start({ env, log, registry, resources, readiness, stopping, instance, version }) {
    const metrics = new MonitorMetrics(registry);
    const database = databaseConfig(env);
    await migrateIfWanted(database, { log, signal: stopping, readiness });
    const db = openDatabase(database, { service: SERVICE, log, registry });
    resources.defer(() => db.destroy());
    const bus = resources.use(
      await connectBus({
        servers: natsServers(env),
        service: SERVICE,
        instance,
        profile: 'beat',
        log,
        registry,
        readiness,
        auth: natsAuth(env),
      }),
    );
    await bus.ensureStreams(['WHOOSH_EVENTS', 'WHOOSH_INBOX', 'WHOOSH_DEAD']);

    const hlc = new Hlc({ physicalMs: () => systemClock.now(), node: nodeSuffix(instance) });
    const relay = new OutboxRelay({ service: SERVICE, db, databaseUrl: database.url, bus, log, registry });
    resources.use(supervise('outbox', (signal) => relay.run(signal), { log }));
    const gitea = new Gitea(
      new GiteaRequests({
        baseUrl: env.WHOOSH_GITEA_BASE_URL,
        token: env.WHOOSH_GITEA_TOKEN.reveal(),
        retriesMax: env.WHOOSH_GITEA_MAX_RETRIES,
        retryDelayMs: env.WHOOSH_GITEA_RETRY_DELAY,
        debugUrls: env.WHOOSH_GITEA_DEBUG_URLS,
        log,
        requests: metrics.giteaRequests,
        seconds: metrics.giteaSeconds,
      }),
    );
    const monitor = await serveMonitor(
      {
        bus,
        db,
        gitea,
        lifeLog: new LifeLog({ service: SERVICE, clock: systemClock, hlc, newId }),
        ledger: attemptLedger(db, SERVICE),
        pollDuty: resources.use(new Duty({ url: database.url, name: 'monitor-poll', log })),
        postDuty: resources.use(new Duty({ url: database.url, name: 'monitor-comments', log })),
        clock: systemClock,
        newId,
        metrics,
        log,
        recorded: () => relay.wake(),
        webhookUrl: env.WHOOSH_GITEA_WEBHOOK_URL,
        webhookToken: env.WHOOSH_GITEA_WEBHOOK_TOKEN,
        eagerFilter: env.WHOOSH_GITEA_EAGER_FILTER,
        fullRescan: env.WHOOSH_GITEA_FULL_RESCAN,
        commenting: env.WHOOSH_GITEA_COMMENTS,
        pollIntervalMs: env.WHOOSH_MONITOR_POLL_INTERVAL,
        sweepIntervalMs: env.WHOOSH_MONITOR_SWEEP_INTERVAL,
      },
      resources,
    );
    bus.serveDiscovery({
      version,
      description: 'Reads Gitea and keeps tasks in step with issues',
      health: async () => {
        const [gitea, database] = [monitor.giteaState(), await databaseHealth(db)];
        return {
          status: gitea === 'ok' && database.state === 'ok' ? 'ok' : 'degraded',
          dependencies: { gitea, database: database.state },
          details: {
            endpoint: env.WHOOSH_GITEA_BASE_URL,
            database: database.statistics,
            outbox_lag_seconds: relay.lagSeconds(),
          },
        };
      },
    });
  },
});
