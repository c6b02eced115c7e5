import { randomUUID } from 'node:crypto';
import { type RequestHandler } from 'express';
import { NO_ROUTE, openState } from './request-state.ts';

const TAKEN_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;
export const REQUEST_ID_HEADER = 'X-Request-ID';

/** Takes the caller's `X-Request-ID` when it is harmless, else makes one; it comes back with every answer. */
export const requestId: RequestHandler = (request, response, next) => {
  const given = request.get(REQUEST_ID_HEADER) ?? '';
  const id = TAKEN_PATTERN.test(given) ? given : randomUUID();
  openState(request, { requestId: id, identity: { known: false, why: 'missing' }, route: NO_ROUTE });
  response.setHeader(REQUEST_ID_HEADER, id);
  next();
};
