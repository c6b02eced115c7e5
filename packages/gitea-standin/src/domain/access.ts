import { forbidden, notFound, ApiError } from './api-error.ts';
import { type Issue, type Permission, type Repository, type State, type User } from './model.ts';
import { type Turn } from './turn.ts';

/** Ordered: each level includes the ones before. */
export const LEVELS = ['none', 'read', 'write', 'admin'] as const;
export type Level = (typeof LEVELS)[number];

export function levelOf(state: State, user: User | null, repository: Repository): Level {
  if (user !== null && (user.isAdmin || owns(state, user, repository.ownerId))) return 'admin';
  const given = repository.collaborators.find((entry) => entry.userId === user?.id)?.permission;
  const open: Level = repository.isPrivate ? 'none' : 'read';
  return given !== undefined && reaches(given, open) ? given : open;
}

export function reaches(level: Level | Permission, wanted: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(wanted);
}

export function owns(state: State, user: User, ownerId: number): boolean {
  if (user.isAdmin || user.id === ownerId) return true;
  return state.users.find((candidate) => candidate.id === ownerId)?.ownerIds.includes(user.id) ?? false;
}

export function can(turn: Turn, repository: Repository, wanted: Level): boolean {
  return reaches(levelOf(turn.state, turn.actor, repository), wanted);
}

/** A repository that the caller may not see does not exist for him. */
export function requireVisible(turn: Turn, repository: Repository): void {
  if (!can(turn, repository, 'read')) throw notFound();
}

export function requireWriter(turn: Turn, repository: Repository): void {
  if (!can(turn, repository, 'write')) throw forbidden('user should have a permission to write to a repo');
}

export function requireAdmin(turn: Turn, repository: Repository): void {
  if (can(turn, repository, 'admin')) return;
  throw forbidden('user should be an owner or a collaborator with admin write of a repository');
}

export function requireActor(turn: Turn): User {
  if (turn.actor === null) throw new ApiError(401, 'token is required');
  return turn.actor;
}

/** Gitea lets an issue's author and every writer edit it; others get a bare 403. */
export function requireEditor(turn: Turn, repository: Repository, issue: Issue): void {
  if (requireActor(turn).id === issue.posterId || can(turn, repository, 'write')) return;
  throw forbidden(null);
}
