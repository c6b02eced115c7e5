import { type Request, type RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { type Principal } from '@whoosh/contracts';
import { HttpRefusal } from '../domain/failure.ts';
import { rateClass, rateKey, SERVICE_REQUESTS_PER_SECOND_MAX } from '../domain/rate-class.ts';
import { stateOf } from './request-state.ts';

/** Counted in the memory of this replica: with n replicas a caller gets up to n times as much. */
export function rateLimits(options: {
  perMinute: number;
  webhooksPerSecond: number;
  onRefused: (kind: string) => void;
}) {
  const { onRefused } = options;
  const perMinute = limiter('general', 60_000, options.perMinute, onRefused);
  const services = limiter('service', 1_000, SERVICE_REQUESTS_PER_SECOND_MAX, onRefused);
  const webhooks = limiter('webhook', 1_000, options.webhooksPerSecond, onRefused);
  const general: RequestHandler = (request, response, next) => {
    const limit = rateClass(principalOf(request)) === 'service' ? services : perMinute;
    return limit(request, response, next);
  };
  return { general, webhooks };
}

function limiter(kind: string, windowMs: number, limit: number, onRefused: (kind: string) => void) {
  return rateLimit({
    windowMs,
    limit,
    standardHeaders: 'draft-6',
    legacyHeaders: false,
    // Whom to believe about addresses is our own setting; a header from anybody else is no reason for a complaint.
    validate: { xForwardedForHeader: false },
    keyGenerator: (request) => keyOf(request),
    handler: (_request, _response, next) => {
      onRefused(kind);
      next(new HttpRefusal('rate_limited', 'Too many requests; Retry-After says when to come back.'));
    },
  });
}

function keyOf(request: Request): string {
  const { identity } = stateOf(request);
  const address = ipKeyGenerator(request.ip ?? 'unknown');
  return identity.known
    ? rateKey(identity.caller.principal, identity.digest, address)
    : rateKey(undefined, undefined, address);
}

function principalOf(request: Request): Principal | undefined {
  const { identity } = stateOf(request);
  return identity.known ? identity.caller.principal : undefined;
}
