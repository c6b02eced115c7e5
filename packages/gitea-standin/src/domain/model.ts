/**
 * Everything the stand-in remembers, as plain JSON. Times are whole seconds since 1970, as Gitea stores them.
 * Ids count per kind over the whole server; an issue's `number` counts per repository.
 */
export interface User {
  readonly id: number;
  readonly kind: 'person' | 'organization';
  readonly login: string;
  readonly email: string;
  readonly password: string;
  readonly isAdmin: boolean;
  readonly createdS: number;
  /** The people who own an organization. */
  readonly ownerIds: number[];
}

export interface Token {
  readonly id: number;
  readonly userId: number;
  readonly name: string;
  readonly text: string;
  readonly scopes: readonly string[];
}

export type Permission = 'read' | 'write' | 'admin';

export interface Repository {
  readonly id: number;
  ownerId: number;
  name: string;
  description: string;
  isPrivate: boolean;
  isEmpty: boolean;
  defaultBranch: string;
  hasIssues: boolean;
  isArchived: boolean;
  archivedS: number;
  sizeKib: number;
  /** The newest commit of each branch. */
  readonly branches: Record<string, { sha: string; message: string; madeS: number }>;
  readonly createdS: number;
  updatedS: number;
  lastNumber: number;
  readonly collaborators: { userId: number; permission: Permission }[];
}

/** A name that a repository had before; asking for it is answered with 301. */
export interface FormerName {
  readonly ownerId: number;
  readonly name: string;
  readonly repositoryId: number;
}

/** Owner of a label or a hook: a repository or an organization, the other id is 0. */
export interface Scope {
  readonly repositoryId: number;
  readonly organizationId: number;
}

export interface Label extends Scope {
  readonly id: number;
  name: string;
  color: string;
  description: string;
  exclusive: boolean;
  isArchived: boolean;
}

export interface Milestone {
  readonly id: number;
  readonly repositoryId: number;
  title: string;
  description: string;
  state: 'open' | 'closed';
  dueS: number | null;
  readonly createdS: number;
  updatedS: number;
  closedS: number | null;
}

export interface Issue {
  readonly id: number;
  readonly repositoryId: number;
  readonly number: number;
  readonly posterId: number;
  title: string;
  body: string;
  labelIds: number[];
  assigneeIds: number[];
  milestoneId: number | null;
  state: 'open' | 'closed';
  isLocked: boolean;
  pinOrder: number;
  comments: number;
  readonly createdS: number;
  updatedS: number;
  closedS: number | null;
  dueS: number | null;
}

export interface Comment {
  readonly id: number;
  readonly issueId: number;
  readonly posterId: number;
  body: string;
  readonly createdS: number;
  updatedS: number;
}

export interface Reaction {
  readonly issueId: number;
  readonly userId: number;
  readonly content: string;
  readonly createdS: number;
}

export interface Hook extends Scope {
  readonly id: number;
  url: string;
  contentType: 'json' | 'form';
  readonly secret: string;
  events: readonly string[];
  isActive: boolean;
  branchFilter: string;
  authorizationHeader: string;
  readonly createdS: number;
  updatedS: number;
}

export type Counter = 'user' | 'token' | 'repository' | 'label' | 'milestone' | 'issue' | 'comment' | 'hook';

export interface State {
  readonly counters: Record<Counter, number>;
  readonly users: User[];
  readonly tokens: Token[];
  repositories: Repository[];
  formerNames: FormerName[];
  labels: Label[];
  milestones: Milestone[];
  issues: Issue[];
  comments: Comment[];
  reactions: Reaction[];
  hooks: Hook[];
}

export function emptyState(): State {
  return {
    counters: { user: 0, token: 0, repository: 0, label: 0, milestone: 0, issue: 0, comment: 0, hook: 0 },
    users: [],
    tokens: [],
    repositories: [],
    formerNames: [],
    labels: [],
    milestones: [],
    issues: [],
    comments: [],
    reactions: [],
    hooks: [],
  };
}

export function nextId(state: State, counter: Counter): number {
  state.counters[counter] += 1;
  return state.counters[counter];
}
