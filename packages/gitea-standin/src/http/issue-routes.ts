import { ApiError, unprocessable } from '../domain/api-error.ts';
import { can } from '../domain/access.ts';
import { listIssues, searchIssues } from '../domain/issue-query.ts';
import {
  createIssue,
  deleteIssue,
  editIssue,
  requireIssues,
  type IssueEdit,
  type NewIssue,
} from '../domain/issues.ts';
import { findUser, issueNumbered } from '../domain/lookup.ts';
import { type Issue, type Repository } from '../domain/model.ts';
import { issueView } from '../views/issue-view.ts';
import { parseRfc3339 } from '../wire/go-time.ts';
import { created, noContent, ok, type Reply } from './reply.ts';
import {
  bodyOf,
  idParam,
  inRepository,
  linkedPage,
  type Call,
  type RepositoryHandler,
  type Route,
} from './route.ts';

const ISSUE_FIELDS = {
  body: { type: 'string' },
  assignee: { type: 'string' },
  assignees: { type: '[]string' },
  milestone: { type: 'int64' },
  due_date: { type: 'any' },
} as const;

export type IssueHandler = (call: Call, repository: Repository, issue: Issue) => Reply;

/** Resolves `:index` to an issue; with issues switched off there is none. */
export function withIssue(handle: IssueHandler): (call: Call) => Reply {
  const find: RepositoryHandler = (call, repository) => {
    requireIssues(repository);
    return handle(call, repository, issueNumbered(call.turn.state, repository, idParam(call, 'index')));
  };
  return inRepository(find);
}

/** Undefined leaves the date as it is, null removes it. */
export function dueOf(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return value;
  const parsed = parseRfc3339(typeof value === 'string' ? value : '');
  if (!parsed.ok) throw unprocessable(`[]: ${parsed.message}`);
  return parsed.atS;
}

function search(call: Call): Reply {
  const owner = call.query.get('owner') ?? '';
  if (owner !== '' && findUser(call.turn.state, owner) === undefined) {
    throw new ApiError(400, `user does not exist [uid: 0, name: ${owner}]`);
  }
  return linkedPage(call, searchIssues(call.turn, call.query), (issue) => issueView(call.turn, issue));
}

function list(call: Call, repository: Repository): Reply {
  requireIssues(repository);
  return linkedPage(call, listIssues(call.turn, repository, call.query), (issue) =>
    issueView(call.turn, issue),
  );
}

function create(call: Call, repository: Repository): Reply {
  requireIssues(repository);
  const wanted = bodyOf(call, 'CreateIssueOption', {
    title: { type: 'string', required: true },
    ...ISSUE_FIELDS,
    labels: { type: '[]int64' },
    closed: { type: 'bool' },
  });
  const issue = createIssue(call.turn, repository, {
    ...(wanted as unknown as NewIssue),
    dueS: dueOf(wanted['due_date']),
  });
  return created(issueView(call.turn, issue));
}

/** An edit is answered with 201. */
function edit(call: Call, repository: Repository, issue: Issue): Reply {
  const wanted = bodyOf(call, 'EditIssueOption', {
    title: { type: 'string' },
    ...ISSUE_FIELDS,
    state: { type: 'string' },
    unset_due_date: { type: 'bool' },
  });
  const dueS = wanted['unset_due_date'] === true ? null : dueOf(wanted['due_date'] ?? undefined);
  editIssue(call.turn, repository, issue, { ...(wanted as IssueEdit), dueS });
  return created(issueView(call.turn, issue));
}

function remove(call: Call, repository: Repository, issue: Issue): Reply {
  deleteIssue(call.turn, repository, issue);
  return noContent;
}

/** An issue of a repository that the caller cannot see is not found before this is asked. */
export function mayTriage(call: Call, repository: Repository): boolean {
  return can(call.turn, repository, 'write');
}

const ISSUES = '/repos/:owner/:repo/issues';

export const ISSUE_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/repos/issues/search', category: 'issue', isAnonymous: true, handle: search },
  { method: 'GET', path: ISSUES, category: 'issue', isAnonymous: true, handle: inRepository(list) },
  { method: 'POST', path: ISSUES, category: 'issue', handle: inRepository(create) },
  {
    method: 'GET',
    path: `${ISSUES}/:index`,
    category: 'issue',
    isAnonymous: true,
    handle: withIssue((call, _, issue) => ok(issueView(call.turn, issue))),
  },
  { method: 'PATCH', path: `${ISSUES}/:index`, category: 'issue', handle: withIssue(edit) },
  { method: 'DELETE', path: `${ISSUES}/:index`, category: 'issue', handle: withIssue(remove) },
];
