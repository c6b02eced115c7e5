import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import { PAYLOAD_BYTES_MAX } from '@whoosh/contracts';
import { type Log, type Registry } from '@whoosh/telemetry';
import { awaitFirstConnection, type ReadinessChecks } from './first-connection.ts';

/** A value that prints masked; what `@whoosh/config` reads. */
interface Revealed {
  reveal(): string;
}

export interface BusOptions {
  /** One address or several, divided by commas. */
  readonly servers: string | readonly string[];
  /** Also the queue group of every answered call. */
  readonly service: string;
  /** Names this process among the replicas. */
  readonly instance?: string;
  readonly profile: 'beat' | 'agent';
  /** The largest message that passes here, unless it is the largest of all contracts; a broker that takes less is reported. */
  readonly payloadBytesMax?: number;
  readonly log: Log;
  readonly registry: Registry;
  readonly auth?:
    { readonly user: string; readonly password: Revealed } | { readonly token: Revealed } | undefined;
  /** Where replies are heard: an agent may only listen below its own prefix. */
  readonly inboxPrefix?: string;
  /** Is told under the name `nats` what is missing, from the first try on and as long as the bus lives. */
  readonly readiness?: ReadinessChecks;
}

/**
 * `beat`: whoever keeps the beat or serves it must leave a dead server within half a second. `agent`: many clients
 * over any network, which must not come back all at once.
 */
const PROFILES = {
  beat: { timeout: 150, pingInterval: 100, maxPingOut: 2, reconnectTimeWait: 20, reconnectJitter: 20 },
  agent: {
    timeout: 5_000,
    pingInterval: 10_000,
    maxPingOut: 2,
    reconnectTimeWait: 100,
    reconnectJitter: 1_900,
  },
} as const satisfies Record<BusOptions['profile'], ConnectionOptions>;

export function serverList(servers: string | readonly string[]): string[] {
  const list = typeof servers === 'string' ? servers.split(',') : [...servers];
  return list.map((server) => server.trim()).filter((server) => server !== '');
}

/** Waits for the first connection, saying what it waits for, and never gives a lost one up. */
export async function openConnection(options: BusOptions): Promise<NatsConnection> {
  const { service, instance, profile, log, readiness, payloadBytesMax = PAYLOAD_BYTES_MAX } = options;
  const servers = serverList(options.servers);
  const how: ConnectionOptions = {
    ...PROFILES[profile],
    name: instance === undefined ? service : `${service} ${instance}`,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    // Credentials may be replaced while we run; giving up would need a restart by hand.
    ignoreAuthErrorAbort: true,
    ...credentials(options.auth),
    ...(options.inboxPrefix !== undefined && { inboxPrefix: options.inboxPrefix }),
  };
  const connection = await awaitFirstConnection(connect({ ...how, servers }), {
    servers,
    how,
    log,
    readiness,
  });
  const takenBytesMax = connection.info?.max_payload ?? 0;
  if (takenBytesMax < payloadBytesMax) {
    log.warn({ max_payload: takenBytesMax, needed: payloadBytesMax }, 'the broker refuses large messages');
  }
  return connection;
}

function credentials(auth: BusOptions['auth']): ConnectionOptions {
  if (auth === undefined) return {};
  if ('token' in auth) return { token: auth.token.reveal() };
  return { user: auth.user, pass: auth.password.reveal() };
}
