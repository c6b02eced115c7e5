import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { listenToBeats } from '@whoosh/backbeat-sdk';
import { signaturePolicy } from '@whoosh/backbeat-sdk/keys';
import { connectBus } from '@whoosh/bus';
import { clusterName, natsAuth, natsServers } from '@whoosh/config';
import { runService, supervise } from '@whoosh/lifecycle';
import { Env, gatewayConfig, problems } from './config.ts';
import { buildGateway } from './gateway.ts';

/** Headers of a request must be here within this, whatever the body may take. */
const HEADERS_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 5_000;

await runService({
  service: 'gateway',
  env: Env,
  check: problems,
  start: async ({ env, log, registry, resources, readiness, stopping, instance, version }) => {
    const auth = natsAuth(env);
    const bus = resources.use(
      await connectBus({
        servers: natsServers(env),
        service: 'gateway',
        instance,
        profile: 'beat',
        log,
        registry,
        readiness,
        ...(auth && { auth }),
      }),
    );
    await bus.ensureStreams(['WHOOSH_EVENTS', 'WHOOSH_INBOX', 'WHOOSH_DEAD']);
    const config = gatewayConfig(env, clusterName(env));
    const listener = env.WHOOSH_BACKBEAT_ENABLED
      ? resources.use(
          await listenToBeats({ bus, clusterId: config.cluster, log, signatures: signaturePolicy(env) }),
        )
      : undefined;
    const gateway = resources.use(
      buildGateway({
        bus,
        config,
        listener,
        log,
        registry,
        version,
        stopping,
        pageDirectory: fileURLToPath(new URL('../page-dist', import.meta.url)),
      }),
    );
    resources.use(supervise('events', (signal) => gateway.feed.follow(signal), { log, stopping }));
    bus.serveDiscovery({
      version,
      description: 'REST API, webhook door, event stream and web page',
      health: async () =>
        Promise.resolve({
          status: gateway.feed.isOpen ? 'ok' : 'degraded',
          dependencies: { events: gateway.feed.isOpen ? 'ok' : 'the event stream is not read' },
        }),
    });
    await bus.flush();

    const server = createServer(
      { requestTimeout: env.WHOOSH_SERVER_READ_TIMEOUT, headersTimeout: HEADERS_TIMEOUT_MS },
      gateway.app,
    );
    server.timeout = env.WHOOSH_SERVER_WRITE_TIMEOUT;
    server.maxConnections = CONNECTIONS_MAX;
    const { host, port } = env.WHOOSH_SERVER_LISTEN_ADDR;
    server.listen(port, host);
    await once(server, 'listening');
    resources.defer(async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    });
    const address = server.address() as AddressInfo;
    log.info({ address: address.address, port: address.port }, 'gateway is listening');
  },
});
