import { type RequestHandler } from 'express';
import { pinoHttp } from 'pino-http';
import { type Log } from '@whoosh/telemetry';
import { type GatewayMetrics } from '../metrics.ts';
import { callerName } from './admit.ts';
import { stateOf } from './request-state.ts';
import { type Request } from 'express';

/** Counts and times every answer by the pattern of its route. */
export function countRequests(metrics: GatewayMetrics): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const { route } = stateOf(request);
      const { method } = request;
      metrics.requests.inc({ method, route, status: String(response.statusCode) });
      const isEndless = String(response.getHeader('content-type') ?? '').startsWith('text/event-stream');
      if (!isEndless)
        metrics.requestSeconds.observe({ method, route }, (performance.now() - startedAt) / 1_000);
    });
    next();
  };
}

/** One line per request, without its headers and its query: what it was, who asked, what came of it. */
export function logRequests(log: Log): RequestHandler {
  return pinoHttp<Request>({
    logger: log,
    genReqId: (request) => stateOf(request).requestId,
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'request_id', responseTime: 'ms' },
    serializers: { req: () => undefined, res: () => undefined, err: () => undefined },
    customProps: (request, response) => {
      const { identity, route, requestId } = stateOf(request);
      return {
        request_id: requestId,
        method: request.method,
        route,
        status: response.statusCode,
        caller: identity.known ? callerName(identity.caller.principal) : undefined,
      };
    },
    customLogLevel: (_request, response) => (response.statusCode >= 500 ? 'warn' : 'debug'),
    customSuccessMessage: () => 'request answered',
    customErrorMessage: () => 'request failed',
  });
}
