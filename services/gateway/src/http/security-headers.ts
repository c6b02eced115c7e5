import { type RequestHandler } from 'express';
import helmet from 'helmet';

const protect = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'self'"] } },
  frameguard: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
  // Whether there is TLS at all is known to the proxy in front, and it says so itself.
  strictTransportSecurity: false,
  xXssProtection: false,
});

/** On every answer. `X-XSS-Protection` is the user's choice; helmet would switch it off. */
export const securityHeaders: RequestHandler = (request, response, next) => {
  response.setHeader('X-XSS-Protection', '1; mode=block');
  protect(request, response, next);
};

/** What is answered to a question is nobody's to keep. */
export const notStored: RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};
