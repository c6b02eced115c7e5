import { timingSafeEqual } from 'node:crypto';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { backbeat, CallError, ERRORS } from '@whoosh/contracts';
import { type RouteHandler, readJson, sendJson, type ServiceContext } from '@whoosh/lifecycle';
import { sha256Hex } from '@whoosh/stdx';
import { TOKEN_HOLDER } from './domain/may-conduct.ts';
import { type PulseEnv } from './config.ts';
import { type Pulse } from './pulse.ts';

/** The admin API: who may change the tempo holds the admin token, where one is configured. */
export function addAdminRoutes(
  admin: ServiceContext<PulseEnv>['admin'],
  pulse: Pulse,
  tokens: readonly string[],
): void {
  admin.route(
    'GET',
    '/api/v1/status',
    answered(async () => ({ status: 200, body: await pulse.status() })),
  );
  const by = tokens.length === 0 ? undefined : TOKEN_HOLDER;
  const guarded = (handler: Handler): RouteHandler =>
    answered(async (request) => {
      if (!isAllowed(request, tokens)) throw new CallError('unauthenticated', 'an admin token is needed');
      return handler(request);
    });
  admin.route(
    'POST',
    '/api/v1/tempo',
    guarded(async (request) => {
      const json = await readJson(request);
      if (!json.ok) throw new CallError('invalid_argument', json.reason);
      const change = backbeat.TempoChange.safeParse(json.value);
      if (!change.success) {
        const problems = change.error.issues.map(
          ({ path, message }) => `${path.join('.') || 'body'}: ${message}`,
        );
        throw new CallError('invalid_argument', problems.join('; '));
      }
      return { status: 202, body: await pulse.setTempo(change.data, by) };
    }),
  );
  admin.route(
    'DELETE',
    '/api/v1/tempo/ramp',
    guarded(async () => ({ status: 200, body: await pulse.cancelRamp(by) })),
  );
}

type Handler = (request: IncomingMessage) => Promise<{ readonly status: number; readonly body: unknown }>;

function answered(handler: Handler): RouteHandler {
  return async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const { status, body } = await handler(request);
      sendJson(response, status, body);
    } catch (cause) {
      if (!(cause instanceof CallError)) throw cause;
      const { code, message, details } = cause;
      const error = { code, message, ...(details !== undefined && { details }) };
      sendJson(response, ERRORS[code].http, { error });
    }
  };
}

function isAllowed(request: IncomingMessage, tokens: readonly string[]): boolean {
  if (tokens.length === 0) return true;
  const given = digest(/^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
  return tokens.filter((token) => timingSafeEqual(given, digest(token))).length > 0;
}

/** Of equal length for every token, so that the comparison tells nothing. */
function digest(text: string): Buffer {
  return Buffer.from(sha256Hex(text));
}
