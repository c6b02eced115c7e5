import { type Bus } from '@whoosh/bus';
import { Secret } from '@whoosh/config';
import { type CloudEvent, STREAMS } from '@whoosh/contracts';
import { Duty } from '@whoosh/db';
import { seedAccounts, startGiteaStandin, type Standin } from '@whoosh/gitea-standin';
import { newId, supervise, systemClock } from '@whoosh/lifecycle';
import { attemptLedger, LifeLog, OutboxRelay } from '@whoosh/outbox';
import { connectTestBus, openSurroundings, openTestDatabase } from '@whoosh/outbox/testing';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog, type TestNats } from '@whoosh/testkit';
import { Hlc } from 'hlc-ts';
import pg from 'pg';
import { Gitea } from '../src/gitea/client.ts';
import { GiteaRequests } from '../src/gitea/request.ts';
import { MonitorMetrics } from '../src/metrics.ts';
import { serveMonitor } from '../src/monitor.ts';

export const TOKEN = 'monitor-test-token-0123456789abcdef0123';

/** Broker, database, Gitea and what a test wants to look at them with. */
export interface World extends AsyncDisposable {
  readonly nats: TestNats;
  readonly gitea: Standin;
  readonly databaseUrl: string;
  readonly sql: pg.Pool;
  /** A client of the bus that is none of our services. */
  readonly bus: Bus;
  /** Every event that reached the stream, in its order. */
  readonly events: CloudEvent[];
  startMonitor(options?: {
    pollIntervalMs?: number;
    commenting?: boolean;
    sweepIntervalMs?: number;
  }): Promise<AsyncDisposable>;
}

export async function startWorld(): Promise<World> {
  const streams = Object.keys(STREAMS) as (keyof typeof STREAMS)[];
  const { resources, nats, databaseUrl, bus } = await openSurroundings({ service: 'test', streams });
  const gitea = resources.use(await startGiteaStandin({ deliveryDelayMs: 0, seed: seedAccounts }));
  gitea.admin.createOrganization('acme');
  gitea.admin.createRepository('acme', { name: 'orders' });
  gitea.admin.createToken('operator', {
    text: TOKEN,
    scopes: ['write:issue', 'write:repository', 'read:organization', 'read:user'],
  });
  const sql = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  sql.on('error', () => {});
  resources.defer(() => sql.end());
  const events: CloudEvent[] = [];
  bus.connection.subscribe('whoosh.v1.event.>', {
    callback: (_error, message) => void events.push(message.json<CloudEvent>()),
  });
  await bus.flush();
  return {
    nats,
    gitea,
    databaseUrl,
    sql,
    bus,
    events,
    startMonitor: (options = {}) =>
      startMonitor({ nats: nats.url, database: databaseUrl, gitea: gitea.url, ...options }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

interface MonitorAddresses {
  readonly nats: string;
  readonly database: string;
  readonly gitea: string;
  readonly pollIntervalMs?: number;
  readonly sweepIntervalMs?: number;
  readonly commenting?: boolean;
}

/** A monitor as its main.ts composes it, in this process; several may run at once. */
async function startMonitor(addresses: MonitorAddresses): Promise<AsyncDisposable> {
  const resources = new AsyncDisposableStack();
  const [log, registry, url] = [quietLog(), newRegistry('monitor'), new Secret(addresses.database)];
  const db = openTestDatabase(addresses.database, 'monitor');
  resources.defer(() => db.destroy());
  const bus = resources.use(await connectTestBus(addresses.nats, 'monitor', { registry }));
  const relay = new OutboxRelay({ service: 'monitor', db, databaseUrl: url, bus, log, registry });
  resources.use(supervise('outbox', (signal) => relay.run(signal), { log }));
  const requests = new GiteaRequests({
    baseUrl: addresses.gitea,
    token: TOKEN,
    retriesMax: 2,
    retryDelayMs: 20,
    debugUrls: false,
    log,
  });
  await serveMonitor(
    {
      bus,
      db,
      gitea: new Gitea(requests),
      lifeLog: new LifeLog({
        service: 'monitor',
        clock: systemClock,
        hlc: new Hlc({ physicalMs: () => systemClock.now(), node: 1 }),
        newId,
      }),
      ledger: attemptLedger(db, 'monitor'),
      pollDuty: resources.use(new Duty({ url, name: 'monitor-poll', log })),
      postDuty: resources.use(new Duty({ url, name: 'monitor-comments', log })),
      clock: systemClock,
      newId,
      metrics: new MonitorMetrics(registry),
      log,
      recorded: () => relay.wake(),
      webhookUrl: undefined,
      webhookToken: undefined,
      eagerFilter: true,
      fullRescan: false,
      commenting: addresses.commenting ?? true,
      pollIntervalMs: addresses.pollIntervalMs ?? 100,
      sweepIntervalMs: addresses.sweepIntervalMs ?? 3_600_000,
    },
    resources,
  );
  return { [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
