import { forbidden } from '../domain/api-error.ts';
import { owns, requireActor, requireAdmin } from '../domain/access.ts';
import {
  createHook,
  deleteHook,
  editHook,
  hookIn,
  hooksIn,
  type HookEdit,
  type NewHook,
} from '../domain/hooks.ts';
import { organizationNamed } from '../domain/lookup.ts';
import { type Scope } from '../domain/model.ts';
import { testHook } from '../domain/push.ts';
import { hookView } from '../views/hook-view.ts';
import { created, noContent, ok, type Reply } from './reply.ts';
import { bodyOf, idParam, inRepository, page, type Call, type Route } from './route.ts';

const EDIT_HOOK = {
  config: { type: 'object' },
  events: { type: '[]string' },
  active: { type: 'bool' },
  branch_filter: { type: 'string' },
  authorization_header: { type: 'string' },
} as const;

const NEW_HOOK = { type: { type: 'string', required: true }, ...EDIT_HOOK } as const;

type ScopeOf = (handle: (call: Call, scope: Scope) => Reply) => (call: Call) => Reply;

const ofRepository: ScopeOf = (handle) =>
  inRepository((call, repository) => {
    requireAdmin(call.turn, repository);
    return handle(call, { repositoryId: repository.id, organizationId: 0 });
  });

const ofOrganization: ScopeOf = (handle) => (call) => {
  const organization = organizationNamed(call.turn.state, call.params['org'] ?? '');
  if (!owns(call.turn.state, requireActor(call.turn), organization.id)) {
    throw forbidden('Must be an organization owner');
  }
  return handle(call, { repositoryId: 0, organizationId: organization.id });
};

function create(call: Call, scope: Scope): Reply {
  const wanted = bodyOf(call, 'CreateHookOption', NEW_HOOK);
  const hook = createHook(call.turn, scope, { config: {}, ...wanted } as unknown as NewHook);
  return created(hookView(hook));
}

function edit(call: Call, scope: Scope): Reply {
  const hook = hookIn(call.turn, scope, idParam(call, 'id'));
  editHook(call.turn, hook, bodyOf(call, 'EditHookOption', EDIT_HOOK) as HookEdit);
  return ok(hookView(hook));
}

function remove(call: Call, scope: Scope): Reply {
  deleteHook(call.turn, scope, idParam(call, 'id'));
  return noContent;
}

function routesOf(base: string, category: Route['category'], within: ScopeOf): Route[] {
  return [
    {
      method: 'GET',
      path: base,
      category,
      handle: within((call, scope) => page(call, hooksIn(call.turn, scope), hookView)),
    },
    { method: 'POST', path: base, category, handle: within(create) },
    {
      method: 'GET',
      path: `${base}/:id`,
      category,
      handle: within((call, scope) => ok(hookView(hookIn(call.turn, scope, idParam(call, 'id'))))),
    },
    { method: 'PATCH', path: `${base}/:id`, category, handle: within(edit) },
    { method: 'DELETE', path: `${base}/:id`, category, handle: within(remove) },
  ];
}

const HOOKS = '/repos/:owner/:repo/hooks';

export const HOOK_ROUTES: readonly Route[] = [
  ...routesOf(HOOKS, 'repository', ofRepository),
  ...routesOf('/orgs/:org/hooks', 'organization', ofOrganization),
  {
    method: 'POST',
    path: `${HOOKS}/:id/tests`,
    category: 'repository',
    handle: inRepository((call, repository) => {
      requireAdmin(call.turn, repository);
      const scope = { repositoryId: repository.id, organizationId: 0 };
      testHook(call.turn, repository, hookIn(call.turn, scope, idParam(call, 'id')));
      return noContent;
    }),
  },
];
