import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../domain/api-error.ts';
import { requireActor } from '../domain/access.ts';
import { type DeliveryQueue } from '../delivery/queue.ts';
import { type Faults, type FaultSettings } from '../faults.ts';
import { type Turn } from '../domain/turn.ts';
import { marshalLine } from '../wire/go-json.ts';
import { rfc3339 } from '../wire/go-time.ts';
import { type World } from '../world.ts';
import { authenticate } from './authenticate.ts';
import { type RawBody } from './bind.ts';
import { type Reply } from './reply.ts';
import { type Call, type Route } from './route.ts';
import { ROUTES } from './routes.ts';
import { requireScope } from './scopes.ts';

/** Gitea takes issue bodies of several megabytes. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;
/** Go buffers this much before it gives up on a Content-Length and sends chunks. */
const CONTENT_LENGTH_MAX = 2_048;
const CACHE_CONTROL = 'max-age=0, private, must-revalidate, no-transform';

export interface AppParts {
  readonly world: World;
  readonly queue: DeliveryQueue;
  readonly faults: Faults;
  /** Requests by "METHOD route", for tests. */
  readonly counts: Map<string, number>;
}

export function createApp(parts: AppParts): Express {
  const { world } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(express.text({ type: () => true, limit: BODY_BYTES_MAX, defaultCharset: 'utf-8' }));
  addControl(app, parts);
  app.get('/api/healthz', (_, response) => write(response, world.run(null, health)));
  for (const route of ROUTES) {
    const verb = route.method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
    app[verb](`/api/v1${route.path}`, async (request, response) => {
      const label = `${route.method} ${route.path}`;
      parts.counts.set(label, (parts.counts.get(label) ?? 0) + 1);
      write(response, (await faultReply(parts.faults)) ?? answer(world, route, request));
    });
  }
  app.use((_: Request, response: Response) =>
    write(response, refusal(world, new ApiError(404, 'not found'))),
  );
  // Four parameters make it Express's error handler.
  app.use((error: unknown, _: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    write(response, { status: statusOf(error), json: { message: String(error), url: '' } });
  });
  return app;
}

function answer(world: World, route: Route, request: Request): Reply {
  const url = new URL(request.originalUrl, 'http://standin.invalid');
  try {
    const caller = authenticate(world.state, request.headers.authorization, url.searchParams);
    requireScope(caller.token, route.category, route.method);
    return world.run(caller.user, (turn) => {
      if (route.isAnonymous !== true) requireActor(turn);
      const call: Call = {
        turn,
        caller,
        params: request.params as Record<string, string>,
        path: url.pathname,
        query: url.searchParams,
        rawQuery: url.search.slice(1),
        raw: rawBody(request),
      };
      return route.handle(call);
    });
  } catch (cause) {
    if (cause instanceof ApiError) return refusal(world, cause);
    throw cause;
  }
}

/** The status that a body parser's refusal carries (too large, broken encoding); 500 for everything else. */
function statusOf(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' ? status : 500;
}

function rawBody(request: Request): RawBody {
  const text: unknown = request.body;
  return { contentType: request.headers['content-type'] ?? '', text: typeof text === 'string' ? text : '' };
}

function refusal(world: World, error: ApiError): Reply {
  if (!error.hasBody) return { status: error.status };
  const body = { message: error.message, url: `${world.site.rootUrl}api/swagger` };
  return { status: error.status, json: error.status === 404 ? { errors: null, ...body } : body };
}

/** What a proxy in front of Gitea, or a Gitea in trouble, would answer instead. */
async function faultReply(faults: Faults): Promise<Reply | null> {
  if (faults.hits('slow')) await sleep(faults.slowMs());
  if (faults.hits('tooManyRequests')) {
    return {
      status: 429,
      html: 'Too Many Requests\n',
      headers: { 'retry-after': `${faults.retryAfterS()}` },
    };
  }
  return faults.hits('serverError')
    ? { status: 500, json: { message: 'internal server error', url: '' } }
    : null;
}

function health({ nowS }: Turn): Reply {
  const check = [{ status: 'pass', time: rfc3339(nowS) }];
  const body = {
    status: 'pass',
    description: 'Gitea',
    checks: { 'cache:ping': check, 'database:ping': check },
  };
  return {
    status: 200,
    html: JSON.stringify(body, null, 2),
    headers: { 'content-type': 'application/json' },
  };
}

function write(response: Response, reply: Reply): void {
  const type = reply.json === undefined ? 'text/html; charset=utf-8' : 'application/json;charset=utf-8';
  const text = reply.json === undefined ? (reply.html ?? '') : marshalLine(reply.json);
  const bytes = Buffer.byteLength(text);
  const hasLength = reply.status !== 204 && bytes <= CONTENT_LENGTH_MAX;
  response.writeHead(reply.status, {
    ...(reply.headers?.['content-type'] === undefined ? { 'cache-control': CACHE_CONTROL } : {}),
    ...(text === '' ? {} : { 'content-type': type }),
    ...(hasLength ? { 'content-length': `${bytes}` } : {}),
    ...reply.headers,
  });
  response.end(text);
}

/** The stand-in's own doors, for tests and developers; Gitea has nothing like them. */
function addControl(app: Express, { queue, faults, counts }: AppParts): void {
  const settings = (_: Request, response: Response): void =>
    write(response, { status: 200, json: faults.current() });
  app.get('/__standin/faults', settings);
  app.put('/__standin/faults', (request, response) => {
    try {
      faults.set(JSON.parse(rawBody(request).text) as FaultSettings);
      settings(request, response);
    } catch (cause) {
      write(response, {
        status: 400,
        json: { message: cause instanceof Error ? cause.message : 'unreadable' },
      });
    }
  });
  app.delete('/__standin/faults', (request, response) => {
    faults.set({});
    settings(request, response);
  });
  app.get('/__standin/state', (_, response) => {
    const requests = Object.fromEntries([...counts].toSorted(([left], [right]) => (left < right ? -1 : 1)));
    write(response, {
      status: 200,
      json: { requests, deliveries: { ...queue.totals(), recent: queue.records() } },
    });
  });
}
