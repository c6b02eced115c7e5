/**
 * The same changes as over HTTP, for tests and set-up code in this process. Repositories are named `owner/name`,
 * people by their login; `as` says who does it, the site's first administrator when it is left out.
 */
import { randomBytes } from 'node:crypto';
import { notFound } from './domain/api-error.ts';
import { createOrganization, createToken, createUser, type NewUser } from './domain/accounts.ts';
import { createComment, deleteComment, editComment } from './domain/comments.ts';
import { createHook, hookIn, type NewHook } from './domain/hooks.ts';
import {
  addLabels,
  clearLabels,
  removeLabel,
  replaceLabels,
  type WantedLabels,
} from './domain/issue-labels.ts';
import { createIssue, deleteIssue, editIssue, type IssueEdit } from './domain/issues.ts';
import { createLabel, editLabel, type LabelFields } from './domain/labels.ts';
import {
  commentOf,
  findRepository,
  findUser,
  issueNumbered,
  labelsFor,
  organizationNamed,
} from './domain/lookup.ts';
import { createMilestone, type NewMilestone } from './domain/milestones.ts';
import { type Hook, type Permission, type Repository, type User } from './domain/model.ts';
import { pushCommit, testHook, type NewCommit } from './domain/push.ts';
import {
  addCollaborator,
  createRepository,
  deleteRepository,
  editRepository,
  transferRepository,
  type NewRepository,
  type RepositoryEdit,
} from './domain/repositories.ts';
import { type Turn } from './domain/turn.ts';
import { commentView, issueView, type CommentView, type IssueView } from './views/issue-view.ts';
import { labelView, type LabelView } from './views/label-view.ts';
import { repositoryView, type RepositoryView } from './views/repository-view.ts';
import { userView, type UserView } from './views/user-view.ts';
import { type World } from './world.ts';

export interface IssueInput {
  readonly title: string;
  readonly body?: string;
  /** Names or ids; names that do not exist are dropped, as Gitea does with ids. */
  readonly labels?: WantedLabels;
  readonly assignees?: readonly string[];
  readonly as?: string;
}

export class Admin {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  createUser(wanted: NewUser): UserView {
    return this.#world.run(null, (turn) => userView(turn.site, createUser(turn, wanted), 'self'));
  }

  /** Returns the token's text; `scopes` defaults to `all`. */
  createToken(
    login: string,
    wanted: { name?: string; scopes?: readonly string[]; text?: string } = {},
  ): string {
    const text = wanted.text ?? randomBytes(20).toString('hex');
    const name = wanted.name ?? `token-${text.slice(-8)}`;
    return this.#run(login, (turn) => {
      const user = this.#person(login);
      return createToken(turn, user, { name, scopes: wanted.scopes ?? ['all'], text }).text;
    });
  }

  createOrganization(name: string, as?: string): { id: number; name: string } {
    const { id, login } = this.#run(as, (turn) => createOrganization(turn, name));
    return { id, name: login };
  }

  createRepository(owner: string, wanted: NewRepository, as?: string): RepositoryView {
    return this.#run(as, (turn) => {
      const found = findUser(turn.state, owner);
      if (found === undefined) throw notFound();
      return repositoryView(turn, createRepository(turn, found, { auto_init: true, ...wanted }));
    });
  }

  editRepository(fullName: string, edit: RepositoryEdit, as?: string): RepositoryView {
    return this.#in(fullName, as, (turn, repository) => {
      editRepository(turn, repository, edit);
      return repositoryView(turn, repository);
    });
  }

  transferRepository(fullName: string, newOwner: string): void {
    this.#in(fullName, undefined, (turn, repository) => {
      const owner = findUser(turn.state, newOwner);
      if (owner === undefined) throw notFound();
      transferRepository(turn, repository, owner);
    });
  }

  deleteRepository(fullName: string): void {
    this.#in(fullName, undefined, deleteRepository);
  }

  addCollaborator(fullName: string, login: string, permission: Permission = 'write'): void {
    this.#in(fullName, undefined, (turn, repository) => addCollaborator(turn, repository, login, permission));
  }

  /** `home` is `owner/name` of a repository, or the name of an organization. */
  createLabel(home: string, fields: LabelFields & { name: string }): LabelView {
    const wanted = { color: '#cccccc', ...fields };
    return this.#run(undefined, (turn) =>
      labelView(turn.state, turn.site, createLabel(turn, this.#scope(turn, home), wanted)),
    );
  }

  renameLabel(fullName: string, from: string, to: string): void {
    this.#in(fullName, undefined, (turn, repository) => {
      const label = labelsFor(turn.state, repository).find((candidate) => candidate.name === from);
      if (label === undefined) throw notFound();
      editLabel(label, { name: to });
    });
  }

  /** `home` is `owner/name` of a repository, or the name of an organization. Returns the hook's id. */
  createHook(
    home: string,
    wanted: { url: string; secret?: string; form?: boolean } & Partial<NewHook>,
  ): number {
    return this.#run(undefined, (turn) => {
      const { url, secret, form, ...rest } = wanted;
      const config = {
        url,
        content_type: form === true ? 'form' : 'json',
        ...(secret === undefined ? {} : { secret }),
      };
      const full = { type: 'gitea', active: true, events: ['issues'], ...rest, config };
      return createHook(turn, this.#scope(turn, home), full).id;
    });
  }

  hooks(): readonly Readonly<Hook>[] {
    return this.#world.state.hooks;
  }

  createIssue(fullName: string, wanted: IssueInput): IssueView {
    const { labels = [], as, ...rest } = wanted;
    return this.#in(fullName, as, (turn, repository) => {
      const known = labelsFor(turn.state, repository);
      const ids = known.filter((label) => labels.includes(label.name) || labels.includes(label.id));
      return issueView(
        turn,
        createIssue(turn, repository, { ...rest, labels: ids.map((label) => label.id) }),
      );
    });
  }

  issue(fullName: string, number: number): IssueView {
    return this.#in(fullName, undefined, (turn, repository) =>
      issueView(turn, issueNumbered(turn.state, repository, number)),
    );
  }

  editIssue(fullName: string, number: number, edit: IssueEdit, as?: string): IssueView {
    return this.#in(fullName, as, (turn, repository) => {
      const issue = issueNumbered(turn.state, repository, number);
      editIssue(turn, repository, issue, edit);
      return issueView(turn, issue);
    });
  }

  deleteIssue(fullName: string, number: number): void {
    this.#in(fullName, undefined, (turn, repository) =>
      deleteIssue(turn, repository, issueNumbered(turn.state, repository, number)),
    );
  }

  addLabels(fullName: string, number: number, labels: WantedLabels, as?: string): void {
    this.#in(fullName, as, (turn, repository) =>
      addLabels(turn, repository, issueNumbered(turn.state, repository, number), labels),
    );
  }

  replaceLabels(fullName: string, number: number, labels: WantedLabels, as?: string): void {
    this.#in(fullName, as, (turn, repository) =>
      replaceLabels(turn, repository, issueNumbered(turn.state, repository, number), labels),
    );
  }

  removeLabel(fullName: string, number: number, name: string, as?: string): void {
    this.#in(fullName, as, (turn, repository) => {
      const label = labelsFor(turn.state, repository).find((candidate) => candidate.name === name);
      removeLabel(turn, repository, issueNumbered(turn.state, repository, number), label?.id ?? 0);
    });
  }

  clearLabels(fullName: string, number: number, as?: string): void {
    this.#in(fullName, as, (turn, repository) =>
      clearLabels(turn, repository, issueNumbered(turn.state, repository, number)),
    );
  }

  addComment(fullName: string, number: number, body: string, as?: string): CommentView {
    return this.#in(fullName, as, (turn, repository) => {
      const issue = issueNumbered(turn.state, repository, number);
      return commentView(turn, issue, createComment(turn, repository, issue, body));
    });
  }

  editComment(fullName: string, id: number, body: string, as?: string): void {
    this.#in(fullName, as, (turn, repository) => {
      const { issue, comment } = commentOf(turn.state, repository, id);
      editComment(turn, repository, issue, comment, body);
    });
  }

  deleteComment(fullName: string, id: number, as?: string): void {
    this.#in(fullName, as, (turn, repository) => {
      const { issue, comment } = commentOf(turn.state, repository, id);
      deleteComment(turn, repository, issue, comment);
    });
  }

  /** Returns the milestone's id. */
  createMilestone(fullName: string, wanted: NewMilestone): number {
    return this.#in(fullName, undefined, (turn, repository) => createMilestone(turn, repository, wanted).id);
  }

  /** Gitea's test delivery: a push from the newest commit to itself, to this hook alone. */
  testHook(fullName: string, hookId: number): void {
    this.#in(fullName, undefined, (turn, repository) => {
      const scope = { repositoryId: repository.id, organizationId: 0 };
      testHook(turn, repository, hookIn(turn, scope, hookId));
    });
  }

  /** Pushes a commit; "closes #2" in its message closes that issue. Returns the commit's name. */
  push(fullName: string, commit: NewCommit, as?: string): string {
    return this.#in(fullName, as, (turn, repository) => pushCommit(turn, repository, commit));
  }

  #run<T>(login: string | undefined, act: (turn: Turn) => T): T {
    const actor = login === undefined ? this.#administrator() : this.#person(login);
    return this.#world.run(actor, act);
  }

  #in<T>(fullName: string, login: string | undefined, act: (turn: Turn, repository: Repository) => T): T {
    return this.#run(login, (turn) => act(turn, repositoryNamed(turn, fullName)));
  }

  #scope(turn: Turn, home: string): { repositoryId: number; organizationId: number } {
    if (home.includes('/')) return { repositoryId: repositoryNamed(turn, home).id, organizationId: 0 };
    return { repositoryId: 0, organizationId: organizationNamed(turn.state, home).id };
  }

  #person(login: string): User {
    const user = findUser(this.#world.state, login);
    if (user?.kind !== 'person') throw notFound();
    return user;
  }

  #administrator(): User {
    const found = this.#world.state.users.find((user) => user.isAdmin);
    if (found === undefined) throw new Error('there is no administrator yet: create a user with admin: true');
    return found;
  }
}

function repositoryNamed(turn: Turn, fullName: string): Repository {
  const [owner = '', name = ''] = fullName.split('/');
  const found = findRepository(turn, owner, name);
  if (found.kind === 'moved') throw notFound();
  return found.repository;
}
