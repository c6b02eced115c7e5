import { type Principal } from '@whoosh/contracts';

/** Who may use a route. `anyone` asks for no token at all. */
export const ACCESS = {
  anyone: { roles: [], says: 'open' },
  any: { roles: ['admin', 'user', 'agent', 'service'], says: 'any token' },
  admin: { roles: ['admin'], says: 'admin' },
  service: { roles: ['service'], says: 'service token' },
  agent: { roles: ['agent'], says: 'agent' },
  'agent-or-service': { roles: ['agent', 'service'], says: 'agent or service token' },
  'agent-or-admin': { roles: ['agent', 'admin'], says: 'admin, or an agent with a seat' },
  register: { roles: ['agent', 'service', 'none'], says: 'join token, agent or service token' },
} as const satisfies Record<string, { roles: readonly Principal['role'][]; says: string }>;

export type Access = keyof typeof ACCESS;

export function isAllowed(access: Access, principal: Principal): boolean {
  return (ACCESS[access].roles as readonly string[]).includes(principal.role);
}
