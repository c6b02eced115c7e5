import { forbidden } from '../domain/api-error.ts';
import { owns, requireActor, requireWriter } from '../domain/access.ts';
import { organizationNamed } from '../domain/lookup.ts';
import {
  createLabel,
  deleteLabel,
  editLabel,
  labelIn,
  labelsIn,
  type LabelFields,
} from '../domain/labels.ts';
import { type Scope } from '../domain/model.ts';
import { byName, labelView } from '../views/label-view.ts';
import { created, noContent, ok, type Reply } from './reply.ts';
import { bodyOf, idParam, inRepository, page, type Call, type Route } from './route.ts';

const EDIT_LABEL = {
  name: { type: 'string' },
  color: { type: 'string' },
  description: { type: 'string' },
  exclusive: { type: 'bool' },
  is_archived: { type: 'bool' },
} as const;

const NEW_LABEL = {
  ...EDIT_LABEL,
  name: { type: 'string', required: true },
  color: { type: 'string', required: true },
} as const;

/** Finds the scope and, for changes, checks that the caller may change its labels. */
type ScopeOf = (handle: (call: Call, scope: Scope) => Reply, isChange: boolean) => (call: Call) => Reply;

const ofRepository: ScopeOf = (handle, isChange) =>
  inRepository((call, repository) => {
    if (isChange) requireWriter(call.turn, repository);
    return handle(call, { repositoryId: repository.id, organizationId: 0 });
  });

const ofOrganization: ScopeOf = (handle, isChange) => (call) => {
  const organization = organizationNamed(call.turn.state, call.params['org'] ?? '');
  if (isChange && !owns(call.turn.state, requireActor(call.turn), organization.id)) {
    throw forbidden('Must be an organization owner');
  }
  return handle(call, { repositoryId: 0, organizationId: organization.id });
};

function routesOf(base: string, category: Route['category'], within: ScopeOf): Route[] {
  const view = (call: Call, label: ReturnType<typeof labelIn>): unknown =>
    labelView(call.turn.state, call.turn.site, label);
  const create = (call: Call, scope: Scope): Reply => {
    const wanted = bodyOf(call, 'CreateLabelOption', NEW_LABEL) as unknown as LabelFields & { name: string };
    return created(view(call, createLabel(call.turn, scope, wanted)));
  };
  const edit = (call: Call, scope: Scope): Reply => {
    const label = labelIn(call.turn, scope, idParam(call, 'id'));
    editLabel(label, bodyOf(call, 'EditLabelOption', EDIT_LABEL) as LabelFields);
    return ok(view(call, label));
  };
  const remove = (call: Call, scope: Scope): Reply => {
    deleteLabel(call.turn, scope, idParam(call, 'id'));
    return noContent;
  };
  const list = (call: Call, scope: Scope): Reply =>
    page(call, labelsIn(call.turn, scope).toSorted(byName), (label) => view(call, label));
  const get = (call: Call, scope: Scope): Reply =>
    ok(view(call, labelIn(call.turn, scope, idParam(call, 'id'))));
  return [
    { method: 'GET', path: base, category, isAnonymous: true, handle: within(list, false) },
    { method: 'POST', path: base, category, handle: within(create, true) },
    { method: 'GET', path: `${base}/:id`, category, isAnonymous: true, handle: within(get, false) },
    { method: 'PATCH', path: `${base}/:id`, category, handle: within(edit, true) },
    { method: 'DELETE', path: `${base}/:id`, category, handle: within(remove, true) },
  ];
}

export const LABEL_ROUTES: readonly Route[] = [
  ...routesOf('/repos/:owner/:repo/labels', 'issue', ofRepository),
  ...routesOf('/orgs/:org/labels', 'organization', ofOrganization),
];
