import { type NatsConnection } from '@nats-io/nats-core';
import { connect as connectNats, type NodeConnectionOptions } from '@nats-io/transport-node';
import { Agent } from './agent.ts';
import { BeatLink, type LinkOptions } from './beat-link.ts';
import { Fleet } from './fleet.ts';
import { BeatListener } from './listener.ts';
import { SecondEar } from './second-ear.ts';

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

export type LinkSettings = Omit<LinkOptions, 'connection' | 'clusterId'> & { readonly clusterId: string };
export type ConnectOptions = LinkSource & LinkSettings & { readonly agentId: string };
export type ListenOptions = LinkSource & LinkSettings;

/** Agents can wait longer than the services for a server that is slow; what hurts them is 10,000 of them coming back at once. */
const AGENT_PROFILE: NodeConnectionOptions = {
  waitOnFirstConnect: true,
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true,
  timeout: 5_000,
  pingInterval: 10_000,
  maxPingOut: 2,
  reconnectDelayHandler: () => 100 + Math.random() * 1_900,
};

interface Opened {
  readonly link: BeatLink;
  readonly close: () => Promise<void>;
}

interface Shared {
  readonly opened: Promise<Opened>;
  users: number;
}

/** Links by address and cluster, and by connection: one per process, however many agents live in it. */
const sharedByUrl = new Map<string, Shared>();
const sharedByConnection = new WeakMap<NatsConnection, Map<string, Shared>>();

/** Puts an agent on the beat. Resolves when it hears beats and can answer. */
export async function connect(options: ConnectOptions): Promise<Agent> {
  const { link, release } = await acquire(options);
  return new Agent(link, options.agentId, release);
}

/** For services of our own, which follow the beat without being an agent. */
export async function listenToBeats(options: ListenOptions): Promise<BeatListener> {
  const { link, release } = await acquire(options);
  return new BeatListener(link, release);
}

/** Many agents in one process, on one connection: claims leave in atomic batches. */
export async function startFleetLink(options: ListenOptions): Promise<Fleet> {
  const { link, release } = await acquire(options);
  return new Fleet(link, release);
}

async function acquire(options: ListenOptions): Promise<{ link: BeatLink; release: () => Promise<void> }> {
  const { shelf, key } = shelfFor(options);
  const shared = shelf.get(key) ?? { opened: open(options), users: 0 };
  shelf.set(key, shared);
  shared.users += 1;
  const release = async (): Promise<void> => {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (shelf.get(key) === shared) shelf.delete(key);
    await (await shared.opened).close();
  };
  try {
    return { link: (await shared.opened).link, release: once(release) };
  } catch (cause) {
    if (shelf.get(key) === shared) shelf.delete(key);
    throw cause;
  }
}

function shelfFor(options: ListenOptions): { shelf: Map<string, Shared>; key: string } {
  if ('natsUrl' in options) return { shelf: sharedByUrl, key: `${options.natsUrl}\n${options.clusterId}` };
  const connection = connectionOf(options);
  const shelf = sharedByConnection.get(connection) ?? new Map<string, Shared>();
  sharedByConnection.set(connection, shelf);
  return { shelf, key: options.clusterId };
}

async function open(options: ListenOptions): Promise<Opened> {
  const resources = new AsyncDisposableStack();
  try {
    const isOwn = 'natsUrl' in options;
    const connection = isOwn ? await dial(options) : connectionOf(options);
    if (isOwn) resources.defer(() => connection.close());
    const link = await BeatLink.open({ ...options, connection });
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

function dial(source: ServerAddresses): Promise<NatsConnection> {
  return connectNats({ ...AGENT_PROFILE, servers: addressesOf(source), ...source.natsOptions });
}

function addressesOf({ natsUrl }: ServerAddresses): string[] {
  return natsUrl
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '');
}

function connectionOf(source: Exclude<LinkSource, { natsUrl: string }>): NatsConnection {
  return 'bus' in source ? source.bus.connection : source.connection;
}

function once(release: () => Promise<void>): () => Promise<void> {
  let released: Promise<void> | undefined;
  return () => (released ??= release());
}
