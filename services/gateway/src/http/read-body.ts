import express, { type Request, type RequestHandler } from 'express';
import { HttpRefusal } from '../domain/failure.ts';
import { mediaType } from '../domain/delivery.ts';

export const BODY_BYTES_MAX = 1024 * 1024;

const parseJson = express.json({ limit: BODY_BYTES_MAX, inflate: false, strict: true, type: () => true });

/** JSON only. A request without a body counts as an empty object, for the routes that ask for nothing. */
export const readJsonBody: RequestHandler = (request, response, next) => {
  if (!hasBody(request)) {
    request.body = {};
    next();
    return;
  }
  if (mediaType(request.get('content-type')) !== 'application/json') {
    next(new HttpRefusal('unsupported_media_type', 'Content-Type must be application/json.'));
    return;
  }
  parseJson(request, response, next);
};

/** The bytes as they came, for a signature. */
export const readRawBody: RequestHandler = express.raw({
  limit: BODY_BYTES_MAX,
  inflate: false,
  type: () => true,
});

function hasBody(request: Request): boolean {
  const length = request.get('content-length');
  return request.get('transfer-encoding') !== undefined || (length !== undefined && length !== '0');
}
