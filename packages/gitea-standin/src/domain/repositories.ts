import { createHash } from 'node:crypto';
import { ApiError, forbidden, unprocessable } from './api-error.ts';
import { owns, requireActor, requireAdmin } from './access.ts';
import { findUser } from './lookup.ts';
import { nextId, type Permission, type Repository, type User } from './model.ts';
import { type Turn } from './turn.ts';

/** What a repository weighs in Gitea's count (KiB) without and with its first commit. */
const EMPTY_SIZE_KIB = 24;
const FIRST_COMMIT_SIZE_KIB = 25;

export interface NewRepository {
  readonly name: string;
  readonly description?: string | undefined;
  readonly private?: boolean | undefined;
  readonly auto_init?: boolean | undefined;
  readonly default_branch?: string | undefined;
}

export function createRepository(turn: Turn, owner: User, wanted: NewRepository): Repository {
  const { state, nowS } = turn;
  if (!owns(state, requireActor(turn), owner.id)) {
    throw forbidden('Given user is not allowed to create repository in organization.');
  }
  if (named(turn, owner.id, wanted.name) !== undefined) {
    throw new ApiError(409, 'The repository with the same name already exists.');
  }
  const hasCommit = wanted.auto_init ?? false;
  const branch = wanted.default_branch ?? 'main';
  const id = nextId(state, 'repository');
  const repository: Repository = {
    id,
    ownerId: owner.id,
    name: wanted.name,
    description: wanted.description ?? '',
    isPrivate: wanted.private ?? false,
    isEmpty: !hasCommit,
    defaultBranch: branch,
    hasIssues: true,
    isArchived: false,
    archivedS: 0,
    sizeKib: hasCommit ? FIRST_COMMIT_SIZE_KIB : EMPTY_SIZE_KIB,
    branches: {
      [branch]: {
        sha: commitSha(`repository ${id} initial ${nowS}`),
        message: 'Initial commit\n',
        madeS: nowS,
      },
    },
    createdS: nowS,
    updatedS: nowS,
    lastNumber: 0,
    collaborators: [],
  };
  state.repositories.push(repository);
  forgetFormerName(turn, owner.id, wanted.name);
  return repository;
}

export interface RepositoryEdit {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly private?: boolean | undefined;
  readonly archived?: boolean | undefined;
  readonly has_issues?: boolean | undefined;
}

export function editRepository(turn: Turn, repository: Repository, edit: RepositoryEdit): void {
  requireAdmin(turn, repository);
  if (edit.name !== undefined && edit.name !== repository.name) rename(turn, repository, edit.name);
  if (edit.description !== undefined) repository.description = edit.description;
  if (edit.private !== undefined) repository.isPrivate = edit.private;
  if (edit.has_issues !== undefined) repository.hasIssues = edit.has_issues;
  if (edit.archived !== undefined && edit.archived !== repository.isArchived) {
    repository.isArchived = edit.archived;
    repository.archivedS = edit.archived ? turn.nowS : 0;
    repository.updatedS = turn.nowS;
  }
}

function rename(turn: Turn, repository: Repository, name: string): void {
  if (named(turn, repository.ownerId, name) !== undefined) throw unprocessable('name already taken');
  const former = { ownerId: repository.ownerId, name: repository.name, repositoryId: repository.id };
  forgetFormerName(turn, repository.ownerId, name);
  turn.state.formerNames.push(former);
  repository.name = name;
}

/** Gitea gives a transferred repository a former name too, so that its old address is answered with 301. */
export function transferRepository(turn: Turn, repository: Repository, newOwner: User): void {
  requireAdmin(turn, repository);
  turn.state.formerNames.push({
    ownerId: repository.ownerId,
    name: repository.name,
    repositoryId: repository.id,
  });
  forgetFormerName(turn, newOwner.id, repository.name);
  repository.ownerId = newOwner.id;
}

export function deleteRepository(turn: Turn, repository: Repository): void {
  requireAdmin(turn, repository);
  const { state } = turn;
  const issueIds = new Set(
    state.issues.filter((one) => one.repositoryId === repository.id).map((one) => one.id),
  );
  const elsewhere = (one: { repositoryId: number }): boolean => one.repositoryId !== repository.id;
  state.comments = state.comments.filter((comment) => !issueIds.has(comment.issueId));
  state.reactions = state.reactions.filter((reaction) => !issueIds.has(reaction.issueId));
  state.issues = state.issues.filter(elsewhere);
  state.labels = state.labels.filter(elsewhere);
  state.milestones = state.milestones.filter(elsewhere);
  state.hooks = state.hooks.filter(elsewhere);
  state.formerNames = state.formerNames.filter(elsewhere);
  state.repositories = state.repositories.filter((one) => one !== repository);
}

export function addCollaborator(
  turn: Turn,
  repository: Repository,
  login: string,
  permission: Permission,
): void {
  requireAdmin(turn, repository);
  const user = findUser(turn.state, login);
  if (user === undefined) throw unprocessable(`user does not exist [uid: 0, name: ${login}]`);
  const known = repository.collaborators.find((entry) => entry.userId === user.id);
  if (known === undefined) repository.collaborators.push({ userId: user.id, permission });
  else known.permission = permission;
}

/** A name for a commit that nobody made: forty hex digits, the same for the same seed. */
export function commitSha(seed: string): string {
  return createHash('sha1').update(seed).digest('hex');
}

function named(turn: Turn, ownerId: number, name: string): Repository | undefined {
  return turn.state.repositories.find(
    (one) => one.ownerId === ownerId && one.name.toLowerCase() === name.toLowerCase(),
  );
}

function forgetFormerName(turn: Turn, ownerId: number, name: string): void {
  turn.state.formerNames = turn.state.formerNames.filter(
    (one) => one.ownerId !== ownerId || one.name.toLowerCase() !== name.toLowerCase(),
  );
}
