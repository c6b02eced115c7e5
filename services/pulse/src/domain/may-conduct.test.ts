import { CallError, type Principal } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import { requireAdmin, TOKEN_HOLDER } from './may-conduct.ts';

const as = (role: Principal['role']): Principal => ({ kind: 'user', id: 'u', role });

function codeOf(isGuarded: boolean, principal: Principal | undefined): string {
  try {
    requireAdmin(isGuarded, principal);
    return 'allowed';
  } catch (cause) {
    if (!(cause instanceof CallError)) throw cause;
    return cause.code;
  }
}

test.each<[string, Principal | undefined, string]>([
  ['an admin', as('admin'), 'allowed'],
  ['who came with the token to another node', TOKEN_HOLDER, 'allowed'],
  ['nobody', undefined, 'unauthenticated'],
  ['a user', as('user'), 'permission_denied'],
  ['an agent', as('agent'), 'permission_denied'],
  ['a service', as('service'), 'permission_denied'],
  ['a join token', as('none'), 'permission_denied'],
])('%s', (_, principal, verdict) => {
  expect(codeOf(true, principal)).toBe(verdict);
  expect(codeOf(false, principal)).toBe('allowed');
});
