import { CallError, type Principal } from '@whoosh/contracts';

/** Who came with the admin token over HTTP, as the leader is told when the change is forwarded to it. */
export const TOKEN_HOLDER: Principal = { kind: 'system', id: 'admin-token', role: 'admin' };

/**
 * Throws unless this caller may change the tempo: where a token guards the HTTP routes, the bus asks for an admin too. Who may
 * publish calls at all is the broker's business; the gateway says for whom it asks.
 */
export function requireAdmin(isGuarded: boolean, principal: Principal | undefined): void {
  if (!isGuarded) return;
  if (principal === undefined)
    throw new CallError('unauthenticated', 'the call names nobody: an admin is needed');
  if (principal.role !== 'admin') throw new CallError('permission_denied', 'only an admin changes the tempo');
}
