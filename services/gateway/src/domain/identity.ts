import { createHash, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { Id, type Principal } from '@whoosh/contracts';

/** What a JWT of ours must say; anything else in it is not looked at. */
const Claims = z.object({
  user_id: z.string().regex(/^[A-Za-z0-9_.:@-]{1,128}$/),
  role: z.enum(['admin', 'user', 'agent', 'service']),
  exp: z.number(),
  deployment_id: Id.optional(),
});

const KIND_OF_ROLE = { admin: 'user', user: 'user', agent: 'agent', service: 'service' } as const;

export interface KnownCaller {
  readonly principal: Principal;
  /** Unix milliseconds after which the token says nothing any more; long answers end there. */
  readonly expiresAtMs?: number;
}

/** Who the claims of a verified JWT name; undefined when they do not say it the way ours do. */
export function callerOfClaims(claims: unknown): KnownCaller | undefined {
  const read = Claims.safeParse(claims);
  if (!read.success) return undefined;
  const { user_id: id, role, exp, deployment_id } = read.data;
  const principal: Principal = { kind: KIND_OF_ROLE[role], id, role };
  if (deployment_id !== undefined) principal.deployment_id = deployment_id;
  return { principal, expiresAtMs: exp * 1_000 };
}

/** The digest under which a token is compared, counted and named; the token itself goes no further. */
export function tokenDigest(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/**
 * The service that holds this token. Every known token is compared, and in constant time, so that the time of
 * an answer tells neither which one was near nor how near.
 */
export function callerOfServiceToken(presented: Buffer, known: readonly Buffer[]): KnownCaller | undefined {
  let found = false;
  for (const digest of known) if (timingSafeEqual(presented, digest)) found = true;
  if (!found) return undefined;
  const name = presented.toString('hex').slice(0, 12);
  return { principal: { kind: 'service', id: `service:${name}`, role: 'service' } };
}

/** Somebody who only shows a join token; whether it is worth anything is for the orchestrator to say. */
export function callerOfJoinToken(presented: Buffer): KnownCaller {
  return {
    principal: { kind: 'join', id: 'join', role: 'none', token_sha256: presented.toString('hex') },
  };
}

const BEARER_CHARACTERS = 'A-Za-z0-9._~+/=-';
const BEARER_LENGTH_MAX = 8_192;
const BEARER = new RegExp(`^Bearer +([${BEARER_CHARACTERS}]{1,${BEARER_LENGTH_MAX}})$`, 'i');
const TOKEN = new RegExp(`^[${BEARER_CHARACTERS}]{1,${BEARER_LENGTH_MAX}}$`);

/** The token of an `Authorization: Bearer …` header, or undefined. */
export function bearerToken(header: string | undefined): string | undefined {
  return BEARER.exec(header ?? '')?.[1];
}

/** A JWT is three parts divided by dots; neither service tokens nor join tokens are told apart by anything else. */
export function looksLikeJwt(token: string): boolean {
  return /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(token);
}

/** Why nobody could ever come in with this as a service token; undefined for one that works. Never says the token. */
export function tokenProblem(token: string): string | undefined {
  if (token.length > BEARER_LENGTH_MAX) return `is longer than ${BEARER_LENGTH_MAX} characters`;
  if (!TOKEN.test(token))
    return 'holds characters that a Bearer token may not: take A-Z a-z 0-9 . _ ~ + / = -';
  if (looksLikeJwt(token)) return 'has the shape of a JWT (a.b.c) and would be read as one';
  return undefined;
}
