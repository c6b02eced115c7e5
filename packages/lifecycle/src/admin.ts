import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { ConfigError } from '@whoosh/config';
import { type Log, type Registry } from '@whoosh/telemetry';
import { sendJson } from './json-http.ts';
import { type Readiness } from './readiness.ts';
import { type RouteHandler, Routes } from './routes.ts';

export interface AdminOptions {
  readonly service: string;
  readonly version: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Where the operator chooses another. */
  readonly portVariable: string;
  readonly registry: Registry;
  readonly readiness: Readiness;
  readonly log: Log;
}

function unusable(host: string, port: number, cause: unknown): string {
  const { code } = cause as { code?: string };
  const at = `port ${port} of ${host}`;
  return code === 'EADDRINUSE'
    ? `${at} is taken by another process: choose a free one, or 0 for any`
    : `${at} cannot be listened on (${code ?? 'unknown'})`;
}

const REQUEST_TIMEOUT_MS = 30_000;

/** `/health`, `/ready`, `/metrics` and what a service adds, on a port of its own that is never published. */
export class AdminServer implements AsyncDisposable {
  readonly url: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #routes: Routes;

  private constructor(server: ReturnType<typeof createServer>, routes: Routes, host: string) {
    this.#server = server;
    this.#routes = routes;
    const { port } = server.address() as AddressInfo;
    const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    this.url = `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
  }

  static async listen(options: AdminOptions): Promise<AdminServer> {
    const { host, port, log } = options;
    const routes = builtInRoutes(options);
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      void answer(routes, request, response, log);
    });
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (cause) {
      throw new ConfigError([`${options.portVariable}: ${unusable(host, port, cause)}`]);
    }
    return new AdminServer(server, routes, host);
  }

  /** Adds a route; `{tokens}` in the path reach the handler as `params`. */
  route(method: string, path: string, handler: RouteHandler): void {
    this.#routes.add(method, path, handler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    this.#server.closeAllConnections();
    await closed;
  }
}

function builtInRoutes({ service, version, registry, readiness }: AdminOptions): Routes {
  const routes = new Routes();
  // Alive means only that this answer comes: a probe that asked more would restart us for the faults of others.
  const health: RouteHandler = (_request, response) =>
    sendJson(response, 200, { status: 'ok', service, version });
  const ready: RouteHandler = (_request, response) => {
    const failing = readiness.failing();
    const isReady = Object.keys(failing).length === 0;
    sendJson(response, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not_ready', service, failing });
  };
  routes.add('GET', '/health', health);
  routes.add('GET', '/ready', ready);
  routes.add('GET', '/health/ready', ready);
  routes.add('GET', '/metrics', async (_request, response) => {
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType });
    response.end(text);
  });
  return routes;
}

async function answer(
  routes: Routes,
  request: IncomingMessage,
  response: ServerResponse,
  log: Log,
): Promise<void> {
  try {
    const found = routes.find(request.method ?? 'GET', request.url ?? '/');
    if (found.kind === 'found') await found.handler(request, response, found.match);
    else if (found.kind === 'unknown') sendJson(response, 404, { error: 'not found' });
    else {
      response.setHeader('allow', found.allowed.join(', '));
      sendJson(response, 405, { error: 'method not allowed' });
    }
  } catch (cause) {
    log.error({ err: cause, url: request.url }, 'admin request failed');
    if (!response.headersSent) sendJson(response, 500, { error: 'the service failed to handle the request' });
    else response.destroy();
  }
}
