/** The real service as a process of its own that can be killed, and a look at the agents it leaves on this machine. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CLUSTER, JWT_SECRET, type World } from './world.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const run = promisify(execFile);
const PS_BYTES_MAX = 16 * 1024 * 1024;

export interface Station extends AsyncDisposable {
  readonly stateDirectory: string;
  start(): ChildProcess;
  /** Resolves once the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** `<deployment>.<generation>` of every agent process of this station that lives, whatever its files say. */
  living(): Promise<{ ref: string; pid: number }[]>;
  logs(): Promise<string>;
}

/** @param variables beside those that every station has */
export async function openStation(
  world: World,
  endpoint: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Station> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'whoosh-state-'));
  let current: ChildProcess | undefined;
  const output: string[] = [];

  const station: Station = {
    stateDirectory,
    start() {
      current = spawn(process.execPath, [MAIN], {
        env: { ...environment(world, endpoint, stateDirectory), ...variables },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      for (const stream of [current.stdout, current.stderr])
        stream?.on('data', (chunk) => output.push(String(chunk)));
      return current;
    },
    async kill(signal) {
      const process_ = current;
      current = undefined;
      if (process_ === undefined || process_.exitCode !== null || process_.signalCode !== null) return;
      const gone = once(process_, 'exit');
      process_.kill(signal);
      await gone;
    },
    async living() {
      return await agentsOf(stateDirectory);
    },
    async logs() {
      const directory = join(stateDirectory, 'agents');
      const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.log'));
      const texts = await Promise.all(names.map(async (name) => readFile(join(directory, name), 'utf8')));
      return [...output, ...texts].join('\n');
    },
    async [Symbol.asyncDispose]() {
      await station.kill('SIGKILL');
      // By the pid of a process whose environment names this very folder, made for this test alone.
      for (const { pid } of await agentsOf(stateDirectory)) process.kill(pid, 'SIGKILL');
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
  return station;
}

function environment(world: World, endpoint: string, stateDirectory: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NATS_URL: world.natsUrl,
    WHOOSH_DATABASE_URL: world.databaseUrl,
    WHOOSH_DATABASE_AUTO_MIGRATE: 'false',
    WHOOSH_DATABASE_MAX_OPEN_CONNS: '5',
    WHOOSH_BACKBEAT_CLUSTER_ID: CLUSTER,
    WHOOSH_AUTH_JWT_SECRET: JWT_SECRET,
    WHOOSH_AGENT_RUNTIME: 'process',
    WHOOSH_AGENT_ENDPOINT: endpoint,
    WHOOSH_STATE_DIR: stateDirectory,
    WHOOSH_OPENTELEMETRY_ENABLED: 'false',
    WHOOSH_ADMIN_PORT: '0',
    LOG_LEVEL: 'info',
  };
}

/** The environment of a process tells which file it was started for; the listing is the same on Linux and macOS. */
async function agentsOf(stateDirectory: string): Promise<{ ref: string; pid: number }[]> {
  const { stdout } = await run('ps', ['axeww', '-o', 'pid=,command='], { maxBuffer: PS_BYTES_MAX });
  const prefix = `WHOOSH_AGENT_RECORD=${join(stateDirectory, 'agents')}/`;
  return stdout.split('\n').flatMap((line) => {
    const at = line.indexOf(prefix);
    if (at === -1) return [];
    const ref = line.slice(at + prefix.length).split('.json', 1)[0] ?? '';
    return [{ ref, pid: Number.parseInt(line, 10) }];
  });
}
