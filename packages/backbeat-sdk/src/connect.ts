import { type NatsConnection } from '@nats-io/nats-core';
import { type NodeConnectionOptions } from '@nats-io/transport-node';
import { CallError } from '@whoosh/contracts';
import { Agent } from './agent.ts';
import { BeatLink, type LinkOptions } from './beat-link.ts';
import { BROKER_CHECK, BrokerWatch, type ReadinessChecks } from './broker-watch.ts';
import { dial, namesOf } from './dial.ts';
import { Fleet } from './fleet.ts';
import { type LinkTerms, LinkShelf, type Opened, type Opening } from './link-shelf.ts';
import { BeatListener } from './listener.ts';
import { systemMonotonicClock } from './monotonic-clock.ts';
import { SecondEar } from './second-ear.ts';
import { type Signer } from './signature.ts';

/** Addresses of servers, divided by commas. With more than one, beats are heard at two servers. */
export interface ServerAddresses {
  readonly natsUrl: string;
  readonly natsOptions?: NodeConnectionOptions;
}

/** Where the beats come from: a connection that exists, or the address of one to be made and shared. */
export type LinkSource =
  | { readonly connection: NatsConnection; readonly secondEar?: ServerAddresses }
  /** Anything that holds a connection, such as a Bus. */
  | { readonly bus: { readonly connection: NatsConnection }; readonly secondEar?: ServerAddresses }
  | ServerAddresses;

export type LinkSettings = Omit<LinkOptions, 'connection' | 'clusterId'> & {
  readonly clusterId: string;
  /** Is told under the name `nats` what is missing of the broker, from the first try on and as long as the link lives. */
  readonly readiness?: ReadinessChecks | undefined;
};
/** Agents of one process may have a key each, and share a link all the same. */
export type ConnectOptions = ListenOptions & {
  readonly agentId: string;
  /** Signs what this agent says. */
  readonly signer?: Signer | undefined;
};
export type ListenOptions = LinkSource & LinkSettings;
export type FleetOptions = ListenOptions & {
  /** Signs what all of them say: a key whose owner is what their names begin with and `*`. */
  readonly signer?: Signer | undefined;
};

/** Agents can wait longer than the services for a server that is slow; what hurts them is 10,000 of them coming back at once. */
const AGENT_PROFILE: NodeConnectionOptions = {
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true,
  timeout: 5_000,
  pingInterval: 10_000,
  maxPingOut: 2,
  reconnectDelayHandler: () => 100 + Math.random() * 1_900,
};

/** Links by address, and by connection: one per process and terms, however many agents live in it. */
const ownLinks = new LinkShelf();
const linksOf = new WeakMap<NatsConnection, LinkShelf>();

/**
 * Puts an agent on the beat. Resolves when it hears beats and can answer; while the broker is away at the start, `log` and
 * `readiness` say so. Rejects for an address that is none.
 */
export async function connect(options: ConnectOptions): Promise<Agent> {
  const { link, release } = await acquire(options);
  try {
    return new Agent(link, options, release);
  } catch (cause) {
    // A name that no agent may have must not keep the link open.
    await release();
    throw cause;
  }
}

/** For services of our own, which follow the beat without being an agent. */
export async function listenToBeats(options: ListenOptions): Promise<BeatListener> {
  const { link, release } = await acquire(options);
  return new BeatListener(link, release);
}

/** Many agents in one process, on one connection: claims leave in atomic batches. */
export async function startFleetLink(options: FleetOptions): Promise<Fleet> {
  const { link, release } = await acquire(options);
  return new Fleet(link, options, release);
}

function acquire(options: ListenOptions): ReturnType<LinkShelf['acquire']> {
  return shelfFor(options).acquire(
    termsOf(options),
    () => open(options),
    (broker) => options.readiness?.check(BROKER_CHECK, broker),
  );
}

function shelfFor(options: ListenOptions): LinkShelf {
  if ('natsUrl' in options) return ownLinks;
  const connection = connectionOf(options);
  const shelf = linksOf.get(connection) ?? new LinkShelf();
  linksOf.set(connection, shelf);
  return shelf;
}

function termsOf(options: ListenOptions): LinkTerms {
  const { clusterId, signatures, barLength, node, clock } = options;
  const { natsUrl, natsOptions }: Partial<ServerAddresses> =
    'natsUrl' in options ? options : (options.secondEar ?? {});
  return { clusterId, servers: [natsUrl, natsOptions], signatures, barLength, node, clock };
}

function open(options: ListenOptions): Opening {
  const watch = new BrokerWatch({
    names: namesOf('natsUrl' in options ? addressesOf(options) : []),
    log: options.log,
    nowMs: () => systemMonotonicClock.nowMs(),
  });
  return { opened: openLink(options, watch), broker: watch.verdict };
}

async function openLink(options: ListenOptions, watch: BrokerWatch): Promise<Opened> {
  const resources = new AsyncDisposableStack();
  try {
    const isOwn = 'natsUrl' in options;
    const connection = isOwn ? await dialAgents(options, watch) : connectionOf(options);
    watch.reached();
    if (isOwn) resources.defer(() => connection.close());
    const link = await BeatLink.open({ ...options, connection });
    watch.listens(link);
    resources.defer(() => link.close());
    const second = isOwn ? options : options.secondEar;
    const servers = second === undefined ? [] : addressesOf(second);
    if (second !== undefined && servers.length > 1) {
      resources.use(
        await SecondEar.open({
          link,
          servers,
          options: { ...AGENT_PROFILE, ...second.natsOptions },
          // A connection that belongs to somebody else is watched by its owner.
          onDeaf: () => {
            if (isOwn) void connection.reconnect().catch(() => undefined);
          },
        }),
      );
    }
    return { link, close: () => resources.disposeAsync() };
  } catch (cause) {
    await resources.disposeAsync();
    throw cause;
  }
}

function dialAgents(source: ServerAddresses, watch: BrokerWatch): Promise<NatsConnection> {
  return dial({
    servers: addressesOf(source),
    how: { ...AGENT_PROFILE, ...source.natsOptions },
    onAway: (why) => watch.away(why),
  });
}

function addressesOf({ natsUrl }: ServerAddresses): string[] {
  const servers = natsUrl
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '');
  // The client would take none for a server on this machine.
  if (servers.length === 0) throw new CallError('invalid_argument', 'natsUrl names no server');
  return servers;
}

function connectionOf(source: Exclude<LinkSource, { natsUrl: string }>): NatsConnection {
  return 'bus' in source ? source.bus.connection : source.connection;
}
