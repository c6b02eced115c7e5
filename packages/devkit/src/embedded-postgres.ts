/**
 * A real PostgreSQL from the npm package of this platform, on 127.0.0.1.
 *
 * The server refuses to run as root, so a root user's server is started as `nobody`, and its data
 * must then lie where `nobody` can get at it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { access, chmod, chown, lstat, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { OwnedProcess } from './owned-process.ts';
import { endLeftBehind } from './postgres-left-behind.ts';
import {
  isReachableByAll,
  postgresBinaries,
  unprivilegedUser,
  type UnprivilegedUser,
} from './postgres-binaries.ts';

const readyTimeoutMs = 60_000;
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

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const user = await unprivilegedUser();
  const dataDir = await reachableDataDirectory(options.dataDir, user);
  const binaries = await postgresBinaries(user);
  await endLeftBehind(dataDir, { allowed: options.endLeftBehind ?? false });
  if (!(await exists(join(dataDir, 'PG_VERSION')))) await initialize(binaries.initdb, dataDir, options, user);
  for (let attempt = 1; ; attempt++) {
    const port = options.port === undefined || options.port === 0 ? await freePort() : options.port;
    const started = await launch(binaries.postgres, dataDir, port, options, user);
    if (typeof started !== 'string') return started;
    const retry =
      attempt < portAttemptsMax && options.port !== port && /could not (bind|create any)/.test(started);
    if (!retry) throw new Error(`PostgreSQL did not come up in ${dataDir}:\n${started.trim()}`);
  }
}

async function launch(
  file: string,
  dataDir: string,
  port: number,
  options: EmbeddedPostgresOptions,
  user: UnprivilegedUser | undefined,
): Promise<EmbeddedPostgres | string> {
  let output = '';
  const server = await OwnedProcess.start({
    file,
    args: ['-D', dataDir, ...settings(port, options).flatMap((setting) => ['-c', setting])],
    cwd: dataDir,
    env: serverEnvironment(),
    // "Fast": sessions are ended and a checkpoint written; SIGTERM would wait for every client.
    stopSignal: 'SIGINT',
    onOutput: (chunk) => {
      output = (output + chunk.toString()).slice(-outputKeptBytes);
      options.onOutput?.(chunk);
    },
    ...user,
  });
  const url = `postgres://${encodeURIComponent(options.user)}:${encodeURIComponent(options.password)}@127.0.0.1:${port}/postgres`;
  if (!(await waitUntilReady(url, server))) {
    await server.stop({ graceMs: stopGraceMs });
    return output;
  }
  const stop = async (): Promise<void> => void (await server.stop({ graceMs: stopGraceMs }));
  return { url, port, process: server, dataDir, [Symbol.asyncDispose]: stop };
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

/** The server prints its messages in the language of its environment; ours are read by programs. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', LANG: 'C', TZ: 'UTC' };
}

async function waitUntilReady(url: string, server: OwnedProcess): Promise<boolean> {
  const deadlineMs = performance.now() + readyTimeoutMs;
  while (!server.isOver && performance.now() < deadlineMs) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      return !server.isOver;
    } catch {
      await delay(pollEveryMs);
    } finally {
      await client.end().catch(() => {});
    }
  }
  return false;
}

async function initialize(
  initdb: string,
  dataDir: string,
  { user: name, password, fsync = true }: EmbeddedPostgresOptions,
  user: UnprivilegedUser | undefined,
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'whoosh-initdb-'));
  const passwordFile = join(scratch, 'password');
  let output = '';
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    for (const path of [scratch, passwordFile]) if (user !== undefined) await chown(path, user.uid, user.gid);
    const args = [
      '-D',
      dataDir,
      '-U',
      name,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
    ];
    const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const child = await OwnedProcess.start({
      file: initdb,
      args: [...args, ...locale, ...(fsync ? [] : ['--no-sync'])],
      env: serverEnvironment(),
      cwd: scratch,
      onOutput: (chunk) => void (output = (output + chunk.toString()).slice(-outputKeptBytes)),
      ...user,
    });
    const { code, signal } = await child.exited;
    if (code !== 0) throw new Error(`initdb ended with ${code ?? signal} in ${dataDir}:\n${output.trim()}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * The folder asked for; or, where a root user's folders are closed to others, one below the
 * temporary directory that is named after it, with a note in the folder asked for.
 */
async function reachableDataDirectory(wished: string, user: UnprivilegedUser | undefined): Promise<string> {
  if (user === undefined) {
    await mkdir(wished, { recursive: true, mode: 0o700 });
    return wished;
  }
  await mkdir(dirname(wished), { recursive: true });
  const elsewhere = elsewhereFor(wished);
  const reachable = await isReachableByAll(dirname(wished));
  const dataDir = reachable ? wished : elsewhere;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { uid } = await lstat(dataDir);
  if (uid !== user.uid) {
    if (uid !== 0) throw new Error(`${dataDir} belongs to user ${uid}, not to the user PostgreSQL runs as`);
    await chown(dataDir, user.uid, user.gid);
  }
  await chmod(dataDir, 0o700);
  return dataDir;
}

function elsewhereFor(wished: string): string {
  const name = createHash('sha256').update(wished).digest('hex').slice(0, 16);
  return join(tmpdir(), `whoosh-postgres-${name}`);
}

/** Forgets a stopped server's data, wherever it was put. */
export async function removeEmbeddedPostgresData(dataDir: string): Promise<void> {
  await rm(dataDir, { recursive: true, force: true });
  await rm(elsewhereFor(dataDir), { recursive: true, force: true });
}

/** A password for a server of one's own. */
export function generatedPassword(): string {
  return randomBytes(24).toString('base64url');
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** The pid that PostgreSQL notes in its data folder, or undefined. */
export async function notedPostmaster(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}
