import { type Hook } from '../domain/model.ts';
import { rfc3339 } from '../wire/go-time.ts';

/** The secret is never in an answer. */
export function hookView(hook: Hook) {
  return {
    id: hook.id,
    type: 'gitea',
    branch_filter: hook.branchFilter,
    config: { content_type: hook.contentType, url: hook.url },
    events: hook.events,
    authorization_header: hook.authorizationHeader,
    active: hook.isActive,
    updated_at: rfc3339(hook.updatedS),
    created_at: rfc3339(hook.createdS),
  };
}
