import cors from 'cors';

const MAX_AGE_SECONDS = 300;

/** Pages of the listed origins may use the API; others get no permission and the browser keeps them out. */
export function crossOrigin(origins: readonly string[]) {
  return cors({
    origin: [...origins],
    methods: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID', 'X-Request-ID'],
    exposedHeaders: [
      'X-Request-ID',
      'RateLimit-Limit',
      'RateLimit-Remaining',
      'RateLimit-Reset',
      'Retry-After',
    ],
    credentials: true,
    maxAge: MAX_AGE_SECONDS,
  });
}
