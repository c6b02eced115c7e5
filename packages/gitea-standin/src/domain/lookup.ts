import { notFound } from './api-error.ts';
import { requireVisible } from './access.ts';
import {
  type Comment,
  type Issue,
  type Label,
  type Milestone,
  type Repository,
  type State,
  type User,
} from './model.ts';
import { type Turn } from './turn.ts';

const same = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

export function userById(state: State, id: number): User {
  const user = state.users.find((candidate) => candidate.id === id);
  if (user === undefined) throw notFound();
  return user;
}

export function findUser(state: State, login: string): User | undefined {
  return state.users.find((candidate) => same(candidate.login, login));
}

export function organizationNamed(state: State, name: string): User {
  const found = findUser(state, name);
  if (found?.kind !== 'organization') throw notFound();
  return found;
}

export function repositoryById(state: State, id: number): Repository {
  const repository = state.repositories.find((candidate) => candidate.id === id);
  if (repository === undefined) throw notFound();
  return repository;
}

export function fullNameOf(state: State, repository: Repository): string {
  return `${userById(state, repository.ownerId).login}/${repository.name}`;
}

export type FoundRepository =
  | { readonly kind: 'here'; readonly repository: Repository }
  | { readonly kind: 'moved'; readonly owner: string; readonly name: string };

/** Finds by the present name first, then by a former one. What the caller may not see is not found. */
export function findRepository(turn: Turn, ownerLogin: string, name: string): FoundRepository {
  const owner = findUser(turn.state, ownerLogin);
  if (owner === undefined) throw notFound();
  const repository = turn.state.repositories.find((one) => one.ownerId === owner.id && same(one.name, name));
  if (repository !== undefined) {
    requireVisible(turn, repository);
    return { kind: 'here', repository };
  }
  const former = turn.state.formerNames.find((one) => one.ownerId === owner.id && same(one.name, name));
  if (former === undefined) throw notFound();
  const moved = repositoryById(turn.state, former.repositoryId);
  requireVisible(turn, moved);
  return { kind: 'moved', owner: userById(turn.state, moved.ownerId).login, name: moved.name };
}

export function issueNumbered(state: State, repository: Repository, number: number): Issue {
  const issue = state.issues.find((one) => one.repositoryId === repository.id && one.number === number);
  if (issue === undefined) throw notFound();
  return issue;
}

export function commentOf(
  state: State,
  repository: Repository,
  id: number,
): { comment: Comment; issue: Issue } {
  const comment = state.comments.find((one) => one.id === id);
  const issue = state.issues.find((one) => one.id === comment?.issueId);
  if (comment === undefined || issue?.repositoryId !== repository.id) throw notFound();
  return { comment, issue };
}

/** The labels that an issue of this repository may carry: its own and those of its organization. */
export function labelsFor(state: State, repository: Repository): Label[] {
  return state.labels.filter(
    (label) =>
      label.repositoryId === repository.id ||
      (label.organizationId !== 0 && label.organizationId === repository.ownerId),
  );
}

export function milestoneById(state: State, id: number | null): Milestone | undefined {
  return id === null ? undefined : state.milestones.find((milestone) => milestone.id === id);
}
