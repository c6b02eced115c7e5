import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { Router } from 'express';
import { CallError } from '@whoosh/contracts';

/** The web page as it was built. Its files carry their content's hash in their names, but for the page itself. */
export function servePage(directory: string): Router {
  const router = Router();
  router.use(
    express.static(directory, {
      index: 'index.html',
      setHeaders: (response, path) => {
        const isHashed = path.includes(`${join(directory, 'assets')}`);
        response.setHeader('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    }),
  );
  router.get('/', (_request, _response, next) => {
    const isBuilt = existsSync(join(directory, 'index.html'));
    next(isBuilt ? undefined : new CallError('not_found', 'The page is not built; make page builds it.'));
  });
  return router;
}
