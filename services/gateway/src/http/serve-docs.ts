import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { Router, type RequestHandler } from 'express';
import { type Route } from '../routes/route.ts';
import { openApiDocument } from './openapi.ts';

const ASSETS =
  /^\/(swagger-ui\.css|swagger-ui-bundle\.js|swagger-ui-standalone-preset\.js|favicon-32x32\.png)$/;

/** Where the files of Swagger UI are; the package itself is not loaded, it has nothing for a server. */
const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>WHOOSH API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/init.js"></script>
</body>
</html>
`;

// In a file of its own: the page allows no inline script. No validator: it would ask a stranger's server.
const INIT = `window.ui = SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null,
  docExpansion: 'list', tryItOutEnabled: true, persistAuthorization: false,
});
`;

/** `/openapi.json`, and `/docs` to read it. */
export function serveDocs(routes: readonly Route[], version: string): Router {
  const document = JSON.stringify(openApiDocument(routes, version));
  const router = Router();
  router.get('/openapi.json', (_request, response) => {
    response.type('application/json').send(document);
  });
  router.use('/docs', widerPolicy);
  router.get('/docs', (_request, response) => {
    response.type('html').send(PAGE);
  });
  router.get('/docs/init.js', (_request, response) => {
    response.type('text/javascript').send(INIT);
  });
  const assets = express.static(SWAGGER_UI, { index: false, maxAge: '1d' });
  router.use('/docs', (request, response, next) => {
    if (ASSETS.test(request.path)) assets(request, response, next);
    else next();
  });
  return router;
}

/** Swagger UI carries its icons inside its style sheet. */
const widerPolicy: RequestHandler = (_request, response, next) => {
  response.setHeader('Content-Security-Policy', "default-src 'self';img-src 'self' data:");
  next();
};
