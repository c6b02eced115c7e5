import { type ErrorRequestHandler, type Response } from 'express';
import { failureBody, failureOf } from '../domain/failure.ts';
import { isAnswered, stateOf } from './request-state.ts';

/** Structural, so that pino's log fits and a test may listen. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** When a service is away for a moment, this is how long a caller should wait before it asks again. */
const RETRY_AFTER_SECONDS = 2;

/** The one place where a failure becomes an answer. */
export function answerFailure(log: Log): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    const failure = failureOf(thrown);
    const fields = { request_id: stateOf(request).requestId, route: stateOf(request).route };
    if (failure.code === 'internal') log.error({ ...fields, err: thrown }, 'request failed');
    else if (failure.status >= 500)
      log.warn({ ...fields, err: thrown, code: failure.code }, 'request refused');
    if (isAnswered(response)) {
      next(thrown);
      return;
    }
    if (failure.status === 503 && !response.hasHeader('Retry-After')) retryAfter(response);
    response.status(failure.status).json(failureBody(failure));
  };
}

function retryAfter(response: Response): void {
  response.setHeader('Retry-After', String(RETRY_AFTER_SECONDS));
}
