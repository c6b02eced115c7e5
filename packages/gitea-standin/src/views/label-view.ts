import { fullNameOf, repositoryById, userById } from '../domain/lookup.ts';
import { type Label, type State } from '../domain/model.ts';
import { type Site } from '../domain/turn.ts';

export type LabelView = ReturnType<typeof labelView>;

export function labelView(state: State, site: Site, label: Label) {
  const home =
    label.organizationId === 0
      ? `repos/${fullNameOf(state, repositoryById(state, label.repositoryId))}`
      : `orgs/${userById(state, label.organizationId).login}`;
  return {
    id: label.id,
    name: label.name,
    exclusive: label.exclusive,
    is_archived: label.isArchived,
    color: label.color,
    description: label.description,
    url: `${site.rootUrl}api/v1/${home}/labels/${label.id}`,
  };
}

/** The order of every list of labels: by name, capitals first, as a database without collation sorts. */
export function byName(left: Label, right: Label): number {
  if (left.name === right.name) return left.id - right.id;
  return left.name < right.name ? -1 : 1;
}
