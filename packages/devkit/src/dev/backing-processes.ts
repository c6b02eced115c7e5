/** What the services stand on: the broker, the database with its schema, and Gitea. */
import { connect } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../free-port.ts';
import { natsServerCommand } from '../nats-server.ts';
import { acceptsSessions, postgresCommand } from '../embedded-postgres.ts';
import { repositoryRoot } from '../paths.ts';
import { withProgress, type Say } from '../progress.ts';
import { type ProcessSpec } from '../supervise/supervised-process.ts';
import { type Supervisor } from '../supervise/supervisor.ts';
import { type DevSettings } from './dev-settings.ts';
import { type DevSecrets } from './secrets.ts';

const probeTimeoutMs = 1_000;
const databaseName = 'whoosh';
const databaseUser = 'whoosh';

export interface Backing {
  readonly nats: string;
  readonly natsMonitoring: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly gitea: string;
}

/** Starts those parts that the user did not give; resolves when all accept work. */
export async function startBacking(
  supervisor: Supervisor,
  settings: DevSettings,
  secrets: DevSecrets,
  say: Say,
): Promise<Backing> {
  const { external } = settings;
  const specs: ProcessSpec[] = [];
  let natsMonitoring: string | undefined;
  let nats = external.nats;
  if (nats === undefined) {
    // Never the usual 4222: every program on this machine that was told nothing would join this run.
    const [port, monitoringPort] = [await freePort(), await freePort()];
    nats = `nats://127.0.0.1:${port}`;
    natsMonitoring = `http://127.0.0.1:${monitoringPort}`;
    specs.push(await natsSpec(join(settings.directory, 'nats'), port, monitoringPort));
  }
  let databaseUrl: string | undefined;
  if (!external.database) {
    const dataDir = join(settings.directory, 'postgres');
    const password = secrets.database_password.value;
    const command = await withProgress(
      'preparing PostgreSQL',
      () => postgresCommand({ dataDir, user: databaseUser, password, endLeftBehind: true }),
      { say },
    );
    if (command.dataDir !== dataDir) {
      say(
        `  ! PostgreSQL may not run as root and cannot enter this folder as somebody else: its data is in ${command.dataDir}`,
      );
    }
    databaseUrl = databaseAddress(command.url, databaseName);
    specs.push({ ...command, name: 'postgres', ready: () => acceptsSessions(command.url) });
  }
  let gitea = external.gitea;
  if (gitea === undefined) {
    const port = await freePort();
    gitea = `http://127.0.0.1:${port}`;
    specs.push(giteaSpec(settings, secrets, port));
  }
  await supervisor.start(...specs);
  if (databaseUrl !== undefined) await createDatabase(databaseUrl);
  return { nats, natsMonitoring, databaseUrl, gitea };
}

async function natsSpec(directory: string, port: number, monitoringPort: number): Promise<ProcessSpec> {
  const { file, args } = await natsServerCommand({ directory, port, monitoringPort });
  return { name: 'nats', file, args, ready: () => acceptsConnections(port) };
}

function giteaSpec(settings: DevSettings, secrets: DevSecrets, port: number): ProcessSpec {
  return {
    name: 'gitea',
    file: join(repositoryRoot, 'packages', 'gitea-standin', 'src', 'main.ts'),
    args: ['--port', String(port), '--state-file', join(settings.directory, 'gitea.json'), '--sample'],
    cwd: repositoryRoot,
    env: {
      ...settings.env,
      // By environment and not by flag: command lines can be read by everybody on the machine.
      GITEA_STANDIN_TOKEN: secrets.gitea_token.value,
      GITEA_STANDIN_DEV_TOKEN: secrets.gitea_dev_token.value,
    },
    ready: async () => {
      const reply = await fetch(`http://127.0.0.1:${port}/api/v1/version`, {
        signal: AbortSignal.timeout(probeTimeoutMs),
      });
      return reply.ok ? true : `answers ${reply.status}`;
    },
  };
}

async function acceptsConnections(port: number): Promise<true | string> {
  return await new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: probeTimeoutMs });
    const answer = (verdict: true | string) => () => {
      socket.destroy();
      done(verdict);
    };
    // The server speaks first.
    socket.once('data', answer(true));
    socket.once('error', answer('no connection'));
    socket.once('timeout', answer('no answer'));
  });
}

function databaseAddress(url: string, name: string): string {
  const address = new URL(url);
  address.pathname = name;
  return address.href;
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseAddress(url, 'postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [databaseName]);
    if (rowCount === 0) await client.query(`create database ${databaseName}`);
  } finally {
    await client.end();
  }
}
