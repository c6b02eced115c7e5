import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { listenToBeats } from '@whoosh/backbeat-sdk';
import { connectBus, type Bus } from '@whoosh/bus';
import { supervise } from '@whoosh/lifecycle';
import { newRegistry, type Registry } from '@whoosh/telemetry';
import { quietLog, startNats, type TestNats, until } from '@whoosh/testkit';
import { type GatewayConfig } from '../src/config.ts';
import { buildGateway, type Gateway } from '../src/gateway.ts';

export const CLUSTER = 'test';
export const SERVICE_TOKEN = 'a-service-token-of-the-test';
export const WEBHOOK_SECRET = 'capture-secret';
const JWT_SECRET = 'a-secret-of-at-least-32-characters!';

export interface RunningGateway extends AsyncDisposable {
  readonly url: string;
  readonly nats: TestNats;
  readonly gateway: Gateway;
  readonly registry: Registry;
  /** Another process on the same bus: the one that answers, publishes and looks. */
  readonly other: Bus;
  fetch(path: string, init?: RequestInit & { token?: string | undefined; json?: unknown }): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into bodies of every shape
  readonly body: any;
}

export function token(
  role: string,
  claims: Record<string, unknown> = {},
  secret = JWT_SECRET,
): Promise<string> {
  const { exp, ...others } = claims;
  return new SignJWT({ user_id: `test-${role}`, role, ...others })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime((exp as number | undefined) ?? '1h')
    .sign(new TextEncoder().encode(secret));
}

/** The whole gateway on a real broker, with everything but the process around it. */
export async function runGateway(
  { backbeat = true, ...change }: Partial<GatewayConfig> & { backbeat?: boolean } = {},
  pageDirectory = mkdtempSync(join(tmpdir(), 'whoosh-page-')),
): Promise<RunningGateway> {
  const stack = new AsyncDisposableStack();
  const nats = stack.use(await startNats());
  const log = quietLog();
  const registry = newRegistry('gateway');
  const bus = stack.use(
    await connectBus({ servers: nats.url, service: 'gateway', profile: 'beat', log, registry }),
  );
  const other = stack.use(
    await connectBus({
      servers: nats.url,
      service: 'other',
      profile: 'beat',
      log,
      registry: newRegistry('other'),
    }),
  );
  await bus.ensureStreams(['WHOOSH_EVENTS', 'WHOOSH_INBOX', 'WHOOSH_DEAD']);
  const listener = backbeat ? stack.use(await listenToBeats({ bus, clusterId: CLUSTER })) : undefined;
  const stopping = new AbortController();
  const gateway = stack.use(
    buildGateway({
      bus,
      listener,
      log,
      registry,
      version: '1.2.3',
      stopping: stopping.signal,
      pageDirectory,
      config: {
        cluster: CLUSTER,
        backbeatAgentId: 'whoosh',
        allowedOrigins: ['http://localhost:3000'],
        trustedProxies: [],
        requestsPerMinute: 10_000,
        webhooksPerSecond: 10_000,
        webhookPath: '/webhooks/gitea',
        webhookSecrets: [WEBHOOK_SECRET],
        jwtSecrets: [JWT_SECRET],
        serviceTokens: [SERVICE_TOKEN],
        ...change,
      },
    }),
  );
  stack.use(supervise('events', (signal) => gateway.feed.follow(signal), { log }));
  await bus.flush();
  const server = createServer(gateway.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    stopping.abort();
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  await until(() => gateway.feed.isOpen, { describe: 'the event feed is open' });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    nats,
    gateway,
    registry,
    other,
    fetch: (path, init) => ask(`${url}${path}`, init),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function ask(
  url: string,
  { token: bearer, json, ...init }: RequestInit & { token?: string | undefined; json?: unknown } = {},
): Promise<Answer> {
  const headers = new Headers(init.headers);
  if (bearer !== undefined) headers.set('Authorization', `Bearer ${bearer}`);
  if (json !== undefined) headers.set('Content-Type', 'application/json');
  const response = await fetch(url, {
    ...init,
    headers,
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}
