import { errors, jwtVerify } from 'jose';
import { type RequestHandler } from 'express';
import {
  bearerToken,
  callerOfClaims,
  callerOfJoinToken,
  callerOfServiceToken,
  looksLikeJwt,
  tokenDigest,
} from '../domain/identity.ts';
import { stateOf, type Identity } from './request-state.ts';

export interface AuthSecrets {
  /** The one in use first, then those that a rotation has left behind. */
  readonly jwt: readonly string[];
  readonly serviceTokens: readonly string[];
}

/** Clocks of two machines may differ by this much. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** Finds out who holds a token. It refuses nobody: what a route asks for is the route's business. */
export class Authenticator {
  readonly #jwtKeys: readonly Uint8Array[];
  readonly #serviceDigests: readonly Buffer[];

  constructor(secrets: AuthSecrets) {
    this.#jwtKeys = secrets.jwt.map((secret) => new TextEncoder().encode(secret));
    this.#serviceDigests = secrets.serviceTokens.map(tokenDigest);
  }

  async identify(authorization: string | undefined, takesJoinTokens: boolean): Promise<Identity> {
    if (authorization === undefined || authorization === '') return { known: false, why: 'missing' };
    const token = bearerToken(authorization);
    if (token === undefined) return { known: false, why: 'malformed' };
    const digest = tokenDigest(token);
    if (looksLikeJwt(token)) return this.#fromJwt(token, digest);
    const caller = callerOfServiceToken(digest, this.#serviceDigests);
    if (caller) return { known: true, caller, digest };
    if (takesJoinTokens) return { known: true, caller: callerOfJoinToken(digest), digest };
    return { known: false, why: 'unknown' };
  }

  async #fromJwt(token: string, digest: Buffer): Promise<Identity> {
    let isExpired = false;
    for (const key of this.#jwtKeys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          requiredClaims: ['exp'],
        });
        const caller = callerOfClaims(payload);
        return caller ? { known: true, caller, digest } : { known: false, why: 'unknown' };
      } catch (cause) {
        if (!(cause instanceof errors.JOSEError)) throw cause;
        if (cause instanceof errors.JWTExpired) isExpired = true;
      }
    }
    return { known: false, why: isExpired ? 'expired' : 'unknown' };
  }

  middleware(isRegistration: (path: string) => boolean): RequestHandler {
    return async (request, _response, next) => {
      const takesJoinTokens = request.method === 'POST' && isRegistration(request.path);
      stateOf(request).identity = await this.identify(request.get('authorization'), takesJoinTokens);
      next();
    };
  }
}
