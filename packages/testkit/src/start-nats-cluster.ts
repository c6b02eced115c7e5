import { freePort } from '@whoosh/devkit';
import { startNats, type TestNats } from './start-nats.ts';
import { until } from './until.ts';

const FORMED_TIMEOUT_MS = 60_000;
const ASK_TIMEOUT_MS = 1_000;

export interface TestNatsClusterOptions {
  /** 3 unless told otherwise; one is a server without a cluster. */
  readonly size?: number;
  /** More lines of configuration for every server. */
  readonly config?: string;
}

export interface TestNatsCluster extends AsyncDisposable {
  readonly servers: readonly TestNats[];
  /** The addresses of all servers, as a client takes them. */
  readonly urls: readonly string[];
}

/** Several servers that form one cluster; resolves when replicated streams can be created on all of them. */
export async function startNatsCluster(options: TestNatsClusterOptions = {}): Promise<TestNatsCluster> {
  const { size = 3, config = '' } = options;
  const ports = await Promise.all(Array.from({ length: size }, () => freePort()));
  const routes = ports.map((port) => `"nats-route://127.0.0.1:${port}"`).join(', ');
  await using started = new AsyncDisposableStack();
  const servers = await Promise.all(
    ports.map(async (port, at) => {
      const cluster =
        size === 1 ? '' : `cluster { name: "test", listen: "127.0.0.1:${port}", routes: [${routes}] }`;
      return started.use(await startNats({ config: `server_name: "n${at + 1}"\n${config}\n${cluster}` }));
    }),
  );
  if (size > 1) {
    await until(() => isFormed(servers), {
      timeoutMs: FORMED_TIMEOUT_MS,
      describe: 'a cluster of brokers that all know each other',
    });
  }
  const resources = started.move();
  return {
    servers,
    urls: servers.map(({ url }) => url),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

interface MetaCluster {
  readonly leader?: string;
  readonly cluster_size?: number;
  readonly replicas?: readonly { readonly current?: boolean; readonly offline?: boolean }[];
}

/**
 * Every server must know the leader, for a request to one that does not is never answered, and the leader
 * must have heard every other one, for it places no replica on a server that it takes to be offline.
 */
async function isFormed(servers: readonly TestNats[]): Promise<boolean> {
  const views = await Promise.all(servers.map((server) => metaCluster(server)));
  const areAllLed = views.every(
    (view) => (view?.leader ?? '') !== '' && view?.cluster_size === servers.length,
  );
  // The leader alone lists the others.
  const others = views.flatMap((view) => view?.replicas ?? []);
  const reached = others.filter(({ current, offline }) => current === true && offline !== true);
  return areAllLed && reached.length >= servers.length - 1;
}

async function metaCluster({ monitoringUrl }: TestNats): Promise<MetaCluster | undefined> {
  const reply = await fetch(`${monitoringUrl}/jsz`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
  return ((await reply.json()) as { meta_cluster?: MetaCluster }).meta_cluster;
}
