import type * as z from 'zod';
import { type backbeatEnv, type databaseEnv, type loggingEnv, type natsEnv } from './fragments.ts';
import { Secret } from './secret.ts';

type Read<Fragment extends z.ZodRawShape> = z.infer<z.ZodObject<Fragment>>;

const NATS_URL_DEFAULT = 'nats://backbeat-nats:4222';
const DATABASE_HOST_DEFAULT = 'localhost';
const CLUSTER_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** Addresses of the broker, divided by commas: the more specific variable wins. */
export function natsServers(env: Read<typeof natsEnv>): string {
  return env.BACKBEAT_NATS ?? env.WHOOSH_BACKBEAT_NATS_URL ?? env.NATS_URL ?? NATS_URL_DEFAULT;
}

const NATS_SCHEME = /^(?:nats|tls):\/\//;
const NATS_HOST = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?\/?$/;
const PORT_MAX = 65_535;

/** What is wrong with the broker's settings, in words that name the variables and never their values. `runService` asks it for every service. */
export function natsProblems(env: Partial<Read<typeof natsEnv>>): string[] {
  const variable = (['BACKBEAT_NATS', 'WHOOSH_BACKBEAT_NATS_URL', 'NATS_URL'] as const).find(
    (name) => env[name] !== undefined,
  );
  const addresses = variable === undefined ? [] : natsAddressProblems(variable, env[variable]);
  const [user, password] = [env.NATS_USER !== undefined, env.NATS_PASSWORD !== undefined];
  if (user === password) return addresses;
  const missing = user ? 'NATS_PASSWORD (or NATS_PASSWORD_FILE)' : 'NATS_USER';
  return [...addresses, `${user ? 'NATS_USER' : 'NATS_PASSWORD'} is set without ${missing}`];
}

/** The same for one more variable that holds addresses of the broker, divided by commas. */
export function natsAddressProblems(variable: string, addresses: string | undefined): string[] {
  if (addresses === undefined) return [];
  const servers = addresses.split(',').map((server) => server.trim());
  return servers.flatMap((server, at) => {
    const problem = natsAddressProblem(server);
    const which = servers.length === 1 ? '' : `address ${at + 1} `;
    return problem === undefined ? [] : [`${variable}: ${which}${problem}`];
  });
}

function natsAddressProblem(server: string): string | undefined {
  const address = server.replace(NATS_SCHEME, '');
  // The client would drop them or fail with them, and an address is printed where a password must not be.
  if (address.includes('@')) {
    return 'must not hold credentials: they go into NATS_USER and NATS_PASSWORD (or NATS_PASSWORD_FILE)';
  }
  const [found, port = '1'] = NATS_HOST.exec(address) ?? [];
  const isAddress = found !== undefined && URL.canParse(`http://${address.replace(/:\d+\/?$/, '')}`);
  if (isAddress && Number(port) >= 1 && Number(port) <= PORT_MAX) return undefined;
  return `must be nats://host:port, with a port from 1 to ${PORT_MAX}`;
}

/** User and password for the broker, when it asks for them. */
export function natsAuth(env: Read<typeof natsEnv>): { user: string; password: Secret } | undefined {
  if (env.NATS_USER === undefined || env.NATS_PASSWORD === undefined) return undefined;
  return { user: env.NATS_USER, password: env.NATS_PASSWORD };
}

export function logLevel(env: Read<typeof loggingEnv>) {
  return env.BACKBEAT_LOG_LEVEL ?? env.WHOOSH_LOGGING_LEVEL ?? env.LOG_LEVEL;
}

/** `development` or `production`, or what the operator calls it. Decides about more than logs: see the runtimes. */
export function environmentName(env: Read<typeof loggingEnv>): string {
  return env.BACKBEAT_ENV ?? env.ENVIRONMENT;
}

/** Logs for eyes (development) or for machines. */
export function isLogPretty(env: Read<typeof loggingEnv>): boolean {
  return (env.WHOOSH_LOGGING_ENVIRONMENT ?? environmentName(env)) === 'development';
}

/** The BACKBEAT cluster: a token of a subject, and never `v1`, which is where the calls live. */
export function clusterName(env: Read<typeof backbeatEnv>): string {
  return env.BACKBEAT_CLUSTER ?? env.WHOOSH_BACKBEAT_CLUSTER_ID;
}

/** For `check` of readEnv: says what is wrong with the cluster's name. */
export function clusterProblems(env: Partial<Read<typeof backbeatEnv>>): string[] {
  const name = env.BACKBEAT_CLUSTER ?? env.WHOOSH_BACKBEAT_CLUSTER_ID;
  const variable = env.BACKBEAT_CLUSTER === undefined ? 'WHOOSH_BACKBEAT_CLUSTER_ID' : 'BACKBEAT_CLUSTER';
  if (name === undefined || (CLUSTER_PATTERN.test(name) && name !== 'v1')) return [];
  return [`${variable}: must be 1 to 64 of A-Z a-z 0-9 _ -, and not v1`];
}

export interface DatabaseConfig {
  readonly url: Secret;
  readonly maxConns: number;
  readonly maxIdleConns: number;
  readonly lifetimeMs: number;
  readonly idleTimeMs: number;
  readonly autoMigrate: boolean;
  /** From which level on statements are logged; `none` logs no statement. */
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'none';
}

/** True when the operator named a database at all: address, host or password; the other parts have defaults that nobody may have meant. */
export function isDatabaseConfigured(env: Partial<Read<typeof databaseEnv>>): boolean {
  const { WHOOSH_DATABASE_URL: url, WHOOSH_DATABASE_HOST: host, WHOOSH_DATABASE_PASSWORD: password } = env;
  // A host alone is enough: a Unix socket and a trusted network ask for no password.
  return url !== undefined || host !== undefined || password !== undefined;
}

/** For `check` of readEnv, by services that cannot work without a database. */
export function databaseProblems(env: Partial<Read<typeof databaseEnv>>): string[] {
  if (isDatabaseConfigured(env)) return [];
  return ['WHOOSH_DATABASE_PASSWORD (or WHOOSH_DATABASE_HOST, or WHOOSH_DATABASE_URL) is required'];
}

/** The database as one value; `WHOOSH_DATABASE_URL` replaces host, port, name, user, password and SSL mode. */
export function databaseConfig(env: Read<typeof databaseEnv>): DatabaseConfig {
  return {
    url: env.WHOOSH_DATABASE_URL ?? urlFromParts(env),
    maxConns: env.WHOOSH_DATABASE_MAX_OPEN_CONNS,
    maxIdleConns: env.WHOOSH_DATABASE_MAX_IDLE_CONNS,
    lifetimeMs: env.WHOOSH_DATABASE_MAX_CONN_LIFETIME,
    idleTimeMs: env.WHOOSH_DATABASE_MAX_CONN_IDLE_TIME,
    autoMigrate: env.WHOOSH_DATABASE_AUTO_MIGRATE,
    logLevel: env.WHOOSH_DATABASE_LOG_LEVEL,
  };
}

function urlFromParts(env: Read<typeof databaseEnv>): Secret {
  const url = new URL('postgres://localhost');
  // A folder is a Unix socket, which the driver takes as a parameter.
  const host = env.WHOOSH_DATABASE_HOST ?? DATABASE_HOST_DEFAULT;
  const isSocket = host.startsWith('/');
  if (isSocket) url.searchParams.set('host', host);
  else url.hostname = host;
  url.port = String(env.WHOOSH_DATABASE_PORT);
  url.pathname = `/${encodeURIComponent(env.WHOOSH_DATABASE_DB_NAME)}`;
  url.username = encodeURIComponent(env.WHOOSH_DATABASE_USERNAME);
  url.password = encodeURIComponent(env.WHOOSH_DATABASE_PASSWORD?.reveal() ?? '');
  if (env.WHOOSH_DATABASE_SSL_MODE !== 'disable') {
    url.searchParams.set('sslmode', env.WHOOSH_DATABASE_SSL_MODE);
    // The driver otherwise reads `require` as `verify-full`, unlike every other PostgreSQL client.
    url.searchParams.set('uselibpqcompat', 'true');
  }
  return new Secret(url.href);
}
