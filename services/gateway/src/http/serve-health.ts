import { Router, type RequestHandler } from 'express';
import { type HealthDesk } from '../health/health-desk.ts';
import { admit } from './admit.ts';
import { notStored } from './security-headers.ts';
import { named, wrongMethod } from './serve-routes.ts';

const PATHS = { health: '/health', ready: '/health/ready', details: '/admin/health/details' } as const;

/** The health bodies as the user's documents give them, without the envelope. The first two are open and not limited. */
export function serveHealth(parts: {
  desk: HealthDesk;
  authenticate: RequestHandler;
  limit: RequestHandler;
}): Router {
  const { desk, authenticate, limit } = parts;
  const router = Router();
  router.get(PATHS.health, named(PATHS.health), notStored, (_request, response) => {
    response.json(desk.health());
  });
  router.get(PATHS.ready, named(PATHS.ready), notStored, async (_request, response) => {
    const { ready, body } = await desk.readiness();
    response.status(ready ? 200 : 503).json(body);
  });
  router.get(
    PATHS.details,
    named(PATHS.details),
    notStored,
    authenticate,
    limit,
    async (request, response) => {
      admit('admin', request, response);
      response.json(await desk.details());
    },
  );
  for (const path of Object.values(PATHS)) router.all(path, named(path), wrongMethod(['get']));
  return router;
}
