import { can, owns, requireActor, requireVisible } from '../domain/access.ts';
import { findUser, organizationNamed, repositoryById } from '../domain/lookup.ts';
import { type Permission, type Repository, type User } from '../domain/model.ts';
import {
  addCollaborator,
  createRepository,
  deleteRepository,
  editRepository,
  type NewRepository,
  type RepositoryEdit,
} from '../domain/repositories.ts';
import { repositoryView } from '../views/repository-view.ts';
import { created, noContent, ok, type Reply } from './reply.ts';
import { bodyOf, idParam, inRepository, linkedPage, type Call, type Route } from './route.ts';

const NEW_REPOSITORY = {
  name: { type: 'string', required: true },
  description: { type: 'string' },
  private: { type: 'bool' },
  auto_init: { type: 'bool' },
  default_branch: { type: 'string' },
} as const;

function create(call: Call, owner: User): Reply {
  const wanted = bodyOf(call, 'CreateRepoOption', NEW_REPOSITORY) as unknown as NewRepository;
  return created(repositoryView(call.turn, createRepository(call.turn, owner, wanted)));
}

function edit(call: Call, repository: Repository): Reply {
  const wanted = bodyOf(call, 'EditRepoOption', {
    name: { type: 'string' },
    description: { type: 'string' },
    private: { type: 'bool' },
    archived: { type: 'bool' },
    has_issues: { type: 'bool' },
  });
  editRepository(call.turn, repository, wanted as RepositoryEdit);
  return ok(repositoryView(call.turn, repository));
}

function collaborate(call: Call, repository: Repository): Reply {
  const wanted = bodyOf(call, 'AddCollaboratorOption', { permission: { type: 'string' } });
  const permission = (wanted['permission'] as Permission | undefined) ?? 'write';
  addCollaborator(call.turn, repository, call.params['collaborator'] ?? '', permission);
  return noContent;
}

function search(call: Call): Reply {
  const keyword = (call.query.get('q') ?? '').toLowerCase();
  const found = visible(call)
    .filter((repository) => repository.name.toLowerCase().includes(keyword))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const list = linkedPage(call, found, (repository) => repositoryView(call.turn, repository));
  return { ...list, json: { ok: true, data: list.json } };
}

function visible(call: Call): Repository[] {
  return call.turn.state.repositories.filter((repository) => can(call.turn, repository, 'read'));
}

function listOf(call: Call, belongs: (repository: Repository) => boolean): Reply {
  return linkedPage(call, visible(call).filter(belongs), (repository) =>
    repositoryView(call.turn, repository),
  );
}

/** The caller's own repositories, those of his organizations and those he works on. */
function listMine(call: Call): Reply {
  const actor = requireActor(call.turn);
  const isMine = (repository: Repository): boolean =>
    owns(call.turn.state, { ...actor, isAdmin: false }, repository.ownerId) ||
    repository.collaborators.some((entry) => entry.userId === actor.id);
  return listOf(call, isMine);
}

function getById(call: Call): Reply {
  const repository = repositoryById(call.turn.state, idParam(call, 'id'));
  requireVisible(call.turn, repository);
  return ok(repositoryView(call.turn, repository));
}

const ofOrganization = (call: Call): User => organizationNamed(call.turn.state, call.params['org'] ?? '');

export const REPOSITORY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/orgs/:org/repos',
    category: 'organization',
    isAnonymous: true,
    handle: (call) => listOf(call, (repository) => repository.ownerId === ofOrganization(call).id),
  },
  {
    method: 'POST',
    path: '/orgs/:org/repos',
    category: 'organization',
    handle: (call) => create(call, ofOrganization(call)),
  },
  { method: 'GET', path: '/user/repos', category: 'repository', handle: listMine },
  {
    method: 'POST',
    path: '/user/repos',
    category: 'repository',
    handle: (call) => create(call, requireActor(call.turn)),
  },
  {
    method: 'GET',
    path: '/users/:username/repos',
    category: 'repository',
    isAnonymous: true,
    handle: (call) => {
      const owner = findUser(call.turn.state, call.params['username'] ?? '');
      return listOf(call, (repository) => repository.ownerId === owner?.id);
    },
  },
  { method: 'GET', path: '/repos/search', category: 'repository', isAnonymous: true, handle: search },
  { method: 'GET', path: '/repositories/:id', category: 'repository', isAnonymous: true, handle: getById },
  {
    method: 'GET',
    path: '/repos/:owner/:repo',
    category: 'repository',
    isAnonymous: true,
    handle: inRepository((call, repository) => ok(repositoryView(call.turn, repository))),
  },
  { method: 'PATCH', path: '/repos/:owner/:repo', category: 'repository', handle: inRepository(edit) },
  {
    method: 'DELETE',
    path: '/repos/:owner/:repo',
    category: 'repository',
    handle: inRepository((call, repository) => {
      deleteRepository(call.turn, repository);
      return noContent;
    }),
  },
  {
    method: 'PUT',
    path: '/repos/:owner/:repo/collaborators/:collaborator',
    category: 'repository',
    handle: inRepository(collaborate),
  },
];
