import { createComment, deleteComment, editComment } from '../domain/comments.ts';
import { requireIssues } from '../domain/issues.ts';
import { commentOf } from '../domain/lookup.ts';
import { type Comment, type Issue, type Repository } from '../domain/model.ts';
import { unprocessable } from '../domain/api-error.ts';
import { commentView } from '../views/issue-view.ts';
import { parseRfc3339 } from '../wire/go-time.ts';
import { withIssue, type IssueHandler } from './issue-routes.ts';
import { counted, created, noContent, ok, type Reply } from './reply.ts';
import { bodyOf, idParam, inRepository, page, type Call, type Route } from './route.ts';

const BODY = { body: { type: 'string', required: true } } as const;

/** Comments of one issue come all at once, oldest first; `since` and `before` are on their `updated_at`. */
const listOfIssue: IssueHandler = (call, _, issue) => {
  const found = call.turn.state.comments.filter(
    (comment) => comment.issueId === issue.id && isAsked(call, comment),
  );
  return counted(
    found.map((comment) => commentView(call.turn, issue, comment)),
    found.length,
  );
};

function listOfRepository(call: Call, repository: Repository): Reply {
  requireIssues(repository);
  const issues = new Map(
    call.turn.state.issues.filter((one) => one.repositoryId === repository.id).map((one) => [one.id, one]),
  );
  const found = call.turn.state.comments.flatMap((comment) => {
    const issue = issues.get(comment.issueId);
    return issue === undefined || !isAsked(call, comment) ? [] : [{ issue, comment }];
  });
  return page(call, found, ({ issue, comment }) => commentView(call.turn, issue, comment));
}

function isAsked(call: Call, comment: Comment): boolean {
  const boundary = (name: string, otherwise: number): number => {
    const text = call.query.get(name) ?? '';
    if (text === '') return otherwise;
    const parsed = parseRfc3339(text);
    if (!parsed.ok) throw unprocessable(parsed.message);
    return parsed.atS;
  };
  return comment.updatedS >= boundary('since', -Infinity) && comment.updatedS <= boundary('before', Infinity);
}

const create: IssueHandler = (call, repository, issue) => {
  const body = bodyOf(call, 'CreateIssueCommentOption', BODY)['body'] as string;
  return created(commentView(call.turn, issue, createComment(call.turn, repository, issue, body)));
};

type CommentHandler = (
  call: Call,
  found: { repository: Repository; issue: Issue; comment: Comment },
) => Reply;

function withComment(handle: CommentHandler): (call: Call) => Reply {
  return inRepository((call, repository) => {
    requireIssues(repository);
    return handle(call, { repository, ...commentOf(call.turn.state, repository, idParam(call, 'id')) });
  });
}

const get: CommentHandler = (call, { issue, comment }) => ok(commentView(call.turn, issue, comment));

const edit: CommentHandler = (call, { repository, issue, comment }) => {
  const body = bodyOf(call, 'EditIssueCommentOption', BODY)['body'] as string;
  editComment(call.turn, repository, issue, comment, body);
  return ok(commentView(call.turn, issue, comment));
};

const remove: CommentHandler = (call, { repository, issue, comment }) => {
  deleteComment(call.turn, repository, issue, comment);
  return noContent;
};

const category = 'issue' as const;
const ISSUES = '/repos/:owner/:repo/issues';

/** `issues/comments` comes before the routes of one issue, whose `:index` it would match. */
export const COMMENT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: `${ISSUES}/comments`,
    category,
    isAnonymous: true,
    handle: inRepository(listOfRepository),
  },
  { method: 'GET', path: `${ISSUES}/comments/:id`, category, isAnonymous: true, handle: withComment(get) },
  { method: 'PATCH', path: `${ISSUES}/comments/:id`, category, handle: withComment(edit) },
  { method: 'DELETE', path: `${ISSUES}/comments/:id`, category, handle: withComment(remove) },
  {
    method: 'GET',
    path: `${ISSUES}/:index/comments`,
    category,
    isAnonymous: true,
    handle: withIssue(listOfIssue),
  },
  { method: 'POST', path: `${ISSUES}/:index/comments`, category, handle: withIssue(create) },
];
