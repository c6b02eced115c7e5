/**
 * A real PostgreSQL from the npm package of this platform, on 127.0.0.1.
 *
 * The server refuses to run as root, so a root user's server is started as `nobody`, and its data
 * must then lie where `nobody` can get at it.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { OwnedProcess, type OwnedProcessOptions } from './owned-process.ts';
import { postgresBinaries, unprivilegedUser } from './postgres-binaries.ts';
import { initializeData, postgresEnvironment, reachableDataDirectory } from './postgres-data.ts';
import { endLeftBehind } from './postgres-left-behind.ts';

const readyTimeoutMs = 60_000;
const connectTimeoutMs = 2_000;
const pollEveryMs = 20;
const portAttemptsMax = 5;
const outputKeptBytes = 8_000;
const stopGraceMs = 20_000;

export interface EmbeddedPostgresOptions {
  /** Created when missing; what is in it is kept. */
  readonly dataDir: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly user: string;
  readonly password: string;
  readonly maxConnections?: number;
  /** False loses data when the machine (not the server) goes down: for tests. */
  readonly fsync?: boolean;
  /** Ends a server that an earlier, killed run left behind in this folder instead of refusing. */
  readonly endLeftBehind?: boolean;
  readonly onOutput?: (chunk: Buffer) => void;
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Connects to the database `postgres` as the superuser. */
  readonly url: string;
  readonly port: number;
  readonly process: OwnedProcess;
  /** Where the data really is: another place than asked for when `nobody` cannot reach that one. */
  readonly dataDir: string;
}

/** A program that is ready to be started, by `startEmbeddedPostgres` or by a supervisor. */
export interface PostgresCommand extends Pick<OwnedProcessOptions, 'file' | 'args' | 'uid' | 'gid'> {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stopSignal: NodeJS.Signals;
}

/** Makes the data folder and frees it from what an earlier server left in it. */
export async function postgresCommand(options: EmbeddedPostgresOptions): Promise<PostgresCommand> {
  const { user: name, password, fsync = true } = options;
  const user = await unprivilegedUser();
  const dataDir = await reachableDataDirectory(options.dataDir, user);
  const binaries = await postgresBinaries(user);
  await endLeftBehind(dataDir, { allowed: options.endLeftBehind ?? false });
  await initializeData(binaries.initdb, dataDir, { user: name, password, fsync }, user);
  const port = options.port === undefined || options.port === 0 ? await freePort() : options.port;
  return {
    file: binaries.postgres,
    args: ['-D', dataDir, ...settings(port, options).flatMap((setting) => ['-c', setting])],
    cwd: dataDir,
    env: postgresEnvironment,
    // "Fast": sessions are ended and a checkpoint written; SIGTERM would wait for every client.
    stopSignal: 'SIGINT',
    ...user,
    url: `postgres://${encodeURIComponent(name)}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    port,
    dataDir,
  };
}

/** Resolves when sessions can be opened. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  for (let attempt = 1; ; attempt++) {
    const command = await postgresCommand(options);
    const started = await launch(command, options);
    if (typeof started !== 'string') return started;
    // Between finding a free port and binding it, another process may have taken it.
    const retry =
      attempt < portAttemptsMax &&
      options.port !== command.port &&
      /could not (bind|create any)/.test(started);
    if (!retry) throw new Error(`PostgreSQL did not come up in ${command.dataDir}:\n${started.trim()}`);
  }
}

async function launch(
  command: PostgresCommand,
  { onOutput }: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres | string> {
  const { url, port, dataDir } = command;
  let output = '';
  const server = await OwnedProcess.start({
    ...command,
    onOutput: (chunk) => {
      output = (output + chunk.toString()).slice(-outputKeptBytes);
      onOutput?.(chunk);
    },
  });
  const stop = async (): Promise<void> => void (await server.stop({ graceMs: stopGraceMs }));
  const deadlineMs = performance.now() + readyTimeoutMs;
  while (!server.isOver && performance.now() < deadlineMs) {
    const ready = await acceptsSessions(url);
    if (ready === true && !server.isOver) {
      return { url, port, process: server, dataDir, [Symbol.asyncDispose]: stop };
    }
    await delay(pollEveryMs);
  }
  await stop();
  return output;
}

/** True, or why a session could not be opened. */
export async function acceptsSessions(url: string): Promise<true | string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch (cause) {
    return cause instanceof Error && cause.message !== '' ? cause.message : 'no connection';
  } finally {
    await client.end().catch(() => {});
  }
}

function settings(port: number, { maxConnections = 300, fsync = true }: EmbeddedPostgresOptions): string[] {
  return [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    `max_connections=${maxConnections}`,
    'timezone=UTC',
    'log_timezone=UTC',
    'jit=off',
    'dynamic_shared_memory_type=mmap',
    ...(fsync ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off']),
  ];
}

/** A password for a server of one's own. */
export function generatedPassword(): string {
  return randomBytes(24).toString('base64url');
}
