import { type Request, type Response } from 'express';
import { type Principal } from '@whoosh/contracts';
import { ACCESS, isAllowed, type Access } from '../domain/access.ts';
import { HttpRefusal } from '../domain/failure.ts';
import { type KnownCaller } from '../domain/identity.ts';
import { stateOf } from './request-state.ts';

const SENTENCES = {
  missing: 'A token is needed: Authorization: Bearer …',
  malformed: 'The Authorization header must be: Bearer …',
  unknown: 'The token is not valid.',
  expired: 'The token has expired.',
} as const;

/** 401 for somebody who is not known, 403 for somebody who is known and may not. */
export function admit(access: Access, request: Request, response: Response): KnownCaller {
  const { identity } = stateOf(request);
  if (!identity.known) {
    response.setHeader('WWW-Authenticate', 'Bearer');
    throw new HttpRefusal('unauthenticated', SENTENCES[identity.why]);
  }
  if (!isAllowed(access, identity.caller.principal)) {
    throw new HttpRefusal('permission_denied', `This needs: ${ACCESS[access].says}.`);
  }
  return identity.caller;
}

/** Who is asking; for logs. */
export function callerName(principal: Principal | undefined): string | undefined {
  return principal === undefined ? undefined : `${principal.kind}:${principal.id}`;
}
