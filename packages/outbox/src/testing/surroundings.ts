import { type Bus, type BusOptions, connectBus } from '@whoosh/bus';
import { type StreamName } from '@whoosh/contracts';
import { type DB, openDatabase } from '@whoosh/db';
import { Registry } from '@whoosh/telemetry';
import { cloneDatabase, quietLog, startNats, type TestNats } from '@whoosh/testkit';
import { type Kysely } from 'kysely';

/** A broker and a database of a test's own, and a connection to each that is none of the service under test. */
export interface Surroundings {
  /** What is closed when the test ends; a test adds what it starts. */
  readonly resources: AsyncDisposableStack;
  readonly nats: TestNats;
  readonly databaseUrl: string;
  readonly db: Kysely<DB>;
  readonly bus: Bus;
}

export interface SurroundingsOptions {
  /** Under whose name the test speaks; its answers to calls are those of this service's queue group. */
  readonly service: string;
  readonly streams: readonly StreamName[];
  /** A database that is there already, shared with others; without it the test gets one of its own. */
  readonly databaseUrl?: string | undefined;
  readonly profile?: BusOptions['profile'];
}

export async function openSurroundings({
  service,
  streams,
  databaseUrl,
  profile,
}: SurroundingsOptions): Promise<Surroundings> {
  await using resources = new AsyncDisposableStack();
  const url = databaseUrl ?? resources.use(await cloneDatabase()).url;
  const nats = resources.use(await startNats());
  const db = openTestDatabase(url);
  resources.defer(() => db.destroy());
  const bus = resources.use(await connectTestBus(nats.url, service, { ...(profile && { profile }) }));
  await bus.ensureStreams(streams);
  return { resources: resources.move(), nats, databaseUrl: url, db, bus };
}

/** A pool as a service opens it, with fewer connections; close it with `db.destroy()`. */
export function openTestDatabase(url: string, service = 'test'): Kysely<DB> {
  return openDatabase(
    {
      url: { reveal: () => url },
      maxConns: 8,
      maxIdleConns: 8,
      lifetimeMs: 600_000,
      idleTimeMs: 60_000,
      logLevel: 'none',
    },
    { service, log: quietLog(), registry: new Registry() },
  );
}

/**
 * A connection to the broker. Its profile is the patient one, which a loaded machine does not part from its broker, unless the test is about a
 * broker that goes away.
 */
export async function connectTestBus(
  servers: string,
  service: string,
  { registry = new Registry(), profile = 'agent' }: Partial<Pick<BusOptions, 'registry' | 'profile'>> = {},
): Promise<Bus> {
  return await connectBus({ servers, service, profile, log: quietLog(), registry });
}
