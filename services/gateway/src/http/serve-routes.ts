import { type Request, type RequestHandler, type Response, Router } from 'express';
import { CallError, type Principal } from '@whoosh/contracts';
import { inSpan, withRemoteTrace } from '@whoosh/telemetry';
import { HttpRefusal } from '../domain/failure.ts';
import { type Desk } from '../desk.ts';
import { inputOf, keepsKey, type Method, type Route } from '../routes/route.ts';
import { admit } from './admit.ts';
import { type Caller } from './caller.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { readJsonBody } from './read-body.ts';
import { requestReader } from './read-request.ts';
import { stateOf } from './request-state.ts';
import { notStored } from './security-headers.ts';

export interface RouterParts {
  readonly caller: Caller;
  readonly desk: Desk;
  /** The general rate limit. */
  readonly limit: RequestHandler;
  readonly authenticate: RequestHandler;
  readonly onUnknownField: (route: string, field: string) => void;
}

/** `/a/{b}` of the table and of OpenAPI, as express writes it. */
export function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

/**
 * The router of the table. Every line runs the same line-up, readable from here: name → authenticate → rate limit → may this
 * caller → body → request by the contract → call → answer. Who may not is told so before a body is read.
 */
export function serveRoutes(routes: readonly Route[], parts: RouterParts): Router {
  const router = Router();
  for (const route of routes) {
    router[route.method](
      expressPath(route.path),
      named(route.path),
      notStored,
      parts.authenticate,
      parts.limit,
      admission(route),
      ...(inputOf(route) === 'body' ? [readJsonBody] : []),
      performer(route, parts),
    );
  }
  for (const [path, methods] of methodsByPath(routes)) {
    router.all(expressPath(path), named(path), parts.authenticate, parts.limit, wrongMethod(methods));
  }
  return router;
}

/** Puts the pattern of the route into the state, for logs, metrics and traces. */
export function named(path: string): RequestHandler {
  return (request, _response, next) => {
    stateOf(request).route = path;
    next();
  };
}

function admission(route: Route): RequestHandler {
  return (request, response, next) => {
    admit(route.who, request, response);
    next();
  };
}

function performer(route: Route, parts: RouterParts): RequestHandler {
  const read = requestReader(route, (field) => parts.onUnknownField(route.path, field));
  return async (request, response) => {
    const { principal } = admit(route.who, request, response);
    const asked = read(request);
    const data = await traced(request, route, async () =>
      perform(route, asked, { ...parts, request, principal }),
    );
    present(response, route, data);
  };
}

interface Performance extends RouterParts {
  readonly request: Request;
  readonly principal: Principal;
}

async function perform(route: Route, asked: unknown, on: Performance): Promise<unknown> {
  if (route.answer.by === 'gateway') return route.answer.handle(asked as never, on.desk);
  const key = keepsKey(route) ? idempotencyKey(on.request) : undefined;
  return on.caller.call(route.answer.contract, asked, {
    principal: on.principal,
    requestId: stateOf(on.request).requestId,
    ...(key !== undefined && { idempotencyKey: key }),
  });
}

async function traced<T>(request: Request, route: Route, work: () => Promise<T>): Promise<T> {
  const span = {
    kind: 'server' as const,
    attributes: { 'http.route': route.path, 'request.id': stateOf(request).requestId },
  };
  return withRemoteTrace(request.get('traceparent'), () =>
    inSpan(`${route.method.toUpperCase()} ${route.path}`, span, work),
  );
}

function present(response: Response, route: Route, data: unknown): void {
  response.status(route.status ?? 200).json({ status: 'success', data, message: route.message });
}

function methodsByPath(routes: readonly Route[]): Map<string, Method[]> {
  const found = new Map<string, Method[]>();
  for (const { path, method } of routes) found.set(path, [...(found.get(path) ?? []), method]);
  return found;
}

export function wrongMethod(methods: readonly Method[]): RequestHandler {
  const allow = [...new Set([...methods, 'options'])].map((method) => method.toUpperCase()).join(', ');
  return (_request, response, next) => {
    response.setHeader('Allow', allow);
    next(new HttpRefusal('method_not_allowed', `This path takes ${allow}.`));
  };
}

/** What no route took. */
export const nothingHere: RequestHandler = (_request, _response, next) => {
  next(new CallError('not_found', 'There is nothing at this path.'));
};
