/** The whole of WHOOSH in a folder of its own, as `make run-dev` starts it, and the doors through which a test looks at it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { freePort, readDevSettings, startDevRun, type DevRun } from '@whoosh/devkit';
import { Gitea } from './gitea.ts';
import { Rest } from './rest.ts';

export interface RunningWhoosh extends AsyncDisposable {
  readonly run: DevRun;
  readonly directory: string;
  readonly rest: Rest;
  /** The developer's view of Gitea. */
  readonly gitea: Gitea;
  readonly nats: NatsConnection;
  readonly database: pg.Pool;
  readonly cluster: string;
  /** Ends one process the hard way; the supervisor starts it again. */
  kill(name: string): void;
  /** Stops (SIGSTOP) and continues (SIGCONT) one process. */
  signal(name: string, signal: NodeJS.Signals): void;
}

export interface WhooshOptions {
  /** Reads as environment of the run; unset names keep the defaults of `make run-dev`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly say?: (line: string) => void;
}

/** Everything on free ports of 127.0.0.1; disposing stops every process and removes the folder. */
export async function startWhoosh({ env = {}, say = () => {} }: WhooshOptions = {}): Promise<RunningWhoosh> {
  // A space in the path finds whoever splits a command line.
  const directory = await mkdtemp(join(tmpdir(), 'whoosh run-'));
  const settings = readDevSettings({
    ...process.env,
    DEV_DIRECTORY: directory,
    WHOOSH_SERVER_LISTEN_ADDR: `127.0.0.1:${await freePort()}`,
    ...env,
  });
  const run = await startDevRun(settings, say);
  const file = run.file();
  const database = new pg.Pool({ connectionString: file.database_url ?? '', max: 2 });
  // A pool without a listener ends the process when the server does.
  database.on('error', () => {});
  const nats = await connect({
    servers: file.nats,
    name: 'test',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  const identityOf = (name: string) => {
    const identity = run.supervisor.processes.find(({ spec }) => spec.name === name)?.identity;
    if (identity === undefined) throw new Error(`${name} does not run`);
    return identity;
  };
  return {
    run,
    directory,
    rest: new Rest(file.gateway, file.tokens.admin),
    gitea: new Gitea(file.gitea, file.tokens.gitea),
    nats,
    database,
    cluster: file.cluster,
    kill: (name) => void process.kill(identityOf(name).pid, 'SIGKILL'),
    signal: (name, signal) => void process.kill(identityOf(name).pid, signal),
    async [Symbol.asyncDispose]() {
      await nats.close();
      await database.end();
      await run[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
