import { forbidden } from '../domain/api-error.ts';
import { type Token } from '../domain/model.ts';

/** The category of a route; `none` routes ask for no scope. */
export type Category =
  'none' | 'user' | 'issue' | 'repository' | 'organization' | 'admin' | 'notification' | 'misc';

/** Reading needs `read:x` or `write:x`, everything else `write:x`; `all` is every scope. */
export function requireScope(token: Token | null, category: Category, method: string): void {
  if (token === null || category === 'none' || token.scopes.includes('all')) return;
  const isRead = method === 'GET' || method === 'HEAD';
  if (token.scopes.includes(`write:${category}`)) return;
  if (isRead && token.scopes.includes(`read:${category}`)) return;
  const required = `${isRead ? 'read' : 'write'}:${category}`;
  throw forbidden(
    `token does not have at least one of required scope(s), required=[${required}], token scope=${token.scopes.join(',')}`,
  );
}
