import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startNatsServer, type NatsServer } from '@whoosh/devkit';
import { until } from './until.ts';

export interface TestNats extends AsyncDisposable {
  readonly url: string;
  readonly monitoringUrl: string;
  readonly port: number;
  readonly pid: number;
  /** SIGSTOP and SIGCONT return at once, every other signal once the server is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port with the same store; a running one is stopped first. */
  restart(): Promise<void>;
}

export interface TestNatsOptions {
  readonly jetstream?: boolean;
  /** More lines of nats-server configuration: accounts, permissions, limits. */
  readonly config?: string;
}

/** A nats-server of one's own, on a port that it picks itself, gone with its data when disposed. */
export async function startNats(options: TestNatsOptions = {}): Promise<TestNats> {
  const directory = await mkdtemp(join(tmpdir(), 'whoosh-nats-'));
  let server: NatsServer;
  try {
    server = await startNatsServer({ directory, ...options });
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    throw cause;
  }
  const { url, port } = server;
  return {
    url,
    port,
    get monitoringUrl() {
      return server.monitoringUrl;
    },
    get pid() {
      return server.process.pid;
    },
    async kill(signal) {
      server.process.signal(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await server.process.exited;
    },
    async restart() {
      await server.process.stop();
      server = await startNatsServer({ directory, port, ...options });
    },
    async [Symbol.asyncDispose]() {
      await server.process.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface TestNatsCluster extends AsyncDisposable {
  readonly servers: readonly TestNats[];
  /** The addresses of all servers, as a client takes them. */
  readonly urls: readonly string[];
}

/** Several servers that form one cluster; resolves when replicated streams can be created. */
export async function startNatsCluster(size = 3): Promise<TestNatsCluster> {
  const ports = await Promise.all(Array.from({ length: size }, () => freePort()));
  const routes = ports.map((port) => `"nats-route://127.0.0.1:${port}"`).join(', ');
  const servers = await Promise.all(
    ports.map((port, index) =>
      startNats({
        config: `server_name: "n${index + 1}"\ncluster { name: "test", listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      }),
    ),
  );
  await until(() => hasLeader(servers), { timeoutMs: 30_000, describe: 'a leader of the broker cluster' });
  return {
    servers,
    urls: servers.map(({ url }) => url),
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

/** Every server must know the leader: a request to one that does not is never answered. */
async function hasLeader(servers: readonly TestNats[]): Promise<boolean> {
  const states = await Promise.all(
    servers.map(async ({ monitoringUrl }) => {
      const reply = await fetch(`${monitoringUrl}/jsz`);
      return ((await reply.json()) as { meta_cluster?: { leader?: string; cluster_size?: number } })
        .meta_cluster;
    }),
  );
  return states.every((state) => (state?.leader ?? '') !== '' && state?.cluster_size === servers.length);
}
