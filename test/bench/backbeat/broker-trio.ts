import { startNatsCluster, type TestNats, type TestNatsCluster, until } from '@whoosh/testkit';

const HEALTHY_TIMEOUT_MS = 60_000;

interface StreamView {
  readonly name: string;
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current?: boolean; readonly offline?: boolean }[];
  };
}

interface Jsz {
  readonly meta_cluster?: { readonly leader?: string };
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamView[] }[];
}

/** Three brokers in one cluster, and what their monitoring says of the streams. */
export class BrokerTrio implements AsyncDisposable {
  readonly #cluster: TestNatsCluster;

  private constructor(cluster: TestNatsCluster) {
    this.#cluster = cluster;
  }

  static async start(): Promise<BrokerTrio> {
    return new BrokerTrio(await startNatsCluster());
  }

  get urls(): readonly string[] {
    return this.#cluster.urls;
  }

  get servers(): readonly TestNats[] {
    return this.#cluster.servers;
  }

  /** Whether one of the servers that are left leads the stream, so that what is published to it is acknowledged. */
  async isServed(stream: string, without: TestNats): Promise<boolean> {
    const left = this.servers.filter((server) => server !== without);
    const views = await Promise.all(left.map((server) => leading(server)));
    return views.some((streams) => streams.some(({ name }) => name === stream));
  }

  /** Resolves when every server is healthy and every replica of these streams has all that its leader has. */
  async whole(streams: readonly string[]): Promise<void> {
    await until(
      async () => {
        const health = await Promise.all(this.servers.map((server) => isHealthy(server)));
        if (health.includes(false)) return false;
        const led = (await Promise.all(this.servers.map((server) => leading(server)))).flat();
        return streams.every((name) => {
          const replicas = led.find((stream) => stream.name === name)?.cluster?.replicas ?? [];
          const current = replicas.filter((replica) => replica.current === true && replica.offline !== true);
          return current.length === this.servers.length - 1;
        });
      },
      { timeoutMs: HEALTHY_TIMEOUT_MS, everyMs: 100, describe: 'all brokers and replicas to be healthy' },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server.kill('SIGCONT');
    await this.#cluster[Symbol.asyncDispose]();
  }
}

/** The streams that this server leads, as it sees them. */
async function leading({ monitoringUrl }: TestNats): Promise<StreamView[]> {
  const reply = await ask(`${monitoringUrl}/jsz?accounts=1&streams=1`);
  const { account_details: accounts = [] } = (await reply.json()) as Jsz;
  const name = ((await (await ask(`${monitoringUrl}/varz`)).json()) as { server_name: string }).server_name;
  const streams = accounts.flatMap(({ stream_detail: details = [] }) => details);
  return streams.filter(({ cluster }) => cluster?.leader === name);
}

async function isHealthy({ monitoringUrl }: TestNats): Promise<boolean> {
  return (await ask(`${monitoringUrl}/healthz`)).ok;
}

function ask(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(1_000) });
}
