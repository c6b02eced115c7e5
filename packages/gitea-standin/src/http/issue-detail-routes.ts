/** What hangs on one issue besides its text: labels, due date, lock, pin, reactions, and the repository's milestones. */
import { forbidden, notFound } from '../domain/api-error.ts';
import { requireActor, requireWriter } from '../domain/access.ts';
import {
  addLabels,
  clearLabels,
  removeLabel,
  replaceLabels,
  type WantedLabels,
} from '../domain/issue-labels.ts';
import { changeDueDate } from '../domain/issues.ts';
import { labelsFor } from '../domain/lookup.ts';
import { createMilestone } from '../domain/milestones.ts';
import { nextId, type Issue, type Repository } from '../domain/model.ts';
import { milestoneView } from '../views/issue-view.ts';
import { byName, labelView } from '../views/label-view.ts';
import { userView } from '../views/user-view.ts';
import { rfc3339, rfc3339OrNull } from '../wire/go-time.ts';
import { dueOf, mayTriage, withIssue, type IssueHandler } from './issue-routes.ts';
import { created, noContent, ok, type Reply } from './reply.ts';
import { bodyOf, idParam, inRepository, page, type Call, type Route } from './route.ts';

const ISSUE = '/repos/:owner/:repo/issues/:index';

function labelsOf(call: Call, repository: Repository, issue: Issue): Reply {
  const carried = labelsFor(call.turn.state, repository).filter((label) => issue.labelIds.includes(label.id));
  return ok(carried.toSorted(byName).map((label) => labelView(call.turn.state, call.turn.site, label)));
}

function wantedLabels(call: Call): WantedLabels {
  const wanted = bodyOf(call, 'IssueLabelsOption', { labels: { type: '[]any' } })['labels'];
  return (wanted as WantedLabels | undefined) ?? [];
}

const add: IssueHandler = (call, repository, issue) => {
  addLabels(call.turn, repository, issue, wantedLabels(call));
  return labelsOf(call, repository, issue);
};

const replace: IssueHandler = (call, repository, issue) => {
  replaceLabels(call.turn, repository, issue, wantedLabels(call));
  return labelsOf(call, repository, issue);
};

const remove: IssueHandler = (call, repository, issue) => {
  removeLabel(call.turn, repository, issue, idParam(call, 'id'));
  return noContent;
};

const clear: IssueHandler = (call, repository, issue) => {
  clearLabels(call.turn, repository, issue);
  return noContent;
};

const setDueDate: IssueHandler = (call, repository, issue) => {
  if (!mayTriage(call, repository)) throw forbidden('Not repo writer');
  const { due_date } = bodyOf(call, 'EditDeadlineOption', { due_date: { type: 'any' } }) as {
    due_date?: unknown;
  };
  changeDueDate(call.turn, issue, dueOf(due_date) ?? null);
  return created({ due_date: rfc3339OrNull(issue.dueS) });
};

/** Locking and pinning move `updated_at`, and no hook hears of them. */
function mark(change: (issue: Issue, call: Call) => boolean): IssueHandler {
  return (call, repository, issue) => {
    if (!mayTriage(call, repository)) throw forbidden(null);
    if (change(issue, call)) {
      issue.updatedS = call.turn.nowS;
      nextId(call.turn.state, 'comment');
    }
    return noContent;
  };
}

function setLock(isLocked: boolean): IssueHandler {
  return mark((issue) => {
    const changes = issue.isLocked !== isLocked;
    issue.isLocked = isLocked;
    return changes;
  });
}

function setPin(isPinned: boolean): IssueHandler {
  return mark((issue, call) => {
    const changes = issue.pinOrder > 0 !== isPinned;
    const pinned = call.turn.state.issues.filter(
      (one) => one.repositoryId === issue.repositoryId && one.pinOrder > 0,
    );
    if (changes) issue.pinOrder = isPinned ? pinned.length + 1 : 0;
    return changes;
  });
}

/** A reaction leaves `updated_at` as it is; the same one again is answered with 200. */
const react: IssueHandler = (call, _, issue) => {
  const { turn } = call;
  const user = requireActor(turn);
  const option = bodyOf(call, 'EditReactionOption', { content: { type: 'string' } });
  const content = (option['content'] as string | undefined) ?? '';
  if (content === '') throw forbidden(`'${content}' is not an allowed reaction`);
  const given = turn.state.reactions.find(
    (one) => one.issueId === issue.id && one.userId === user.id && one.content === content,
  );
  const reaction = given ?? { issueId: issue.id, userId: user.id, content, createdS: turn.nowS };
  if (given === undefined) turn.state.reactions.push(reaction);
  const view = {
    user: userView(turn.site, user, 'self'),
    content,
    created_at: rfc3339(reaction.createdS),
  };
  return given === undefined ? created(view) : ok(view);
};

function newMilestone(call: Call, repository: Repository): Reply {
  requireWriter(call.turn, repository);
  const wanted = bodyOf(call, 'CreateMilestoneOption', {
    title: { type: 'string', required: true },
    description: { type: 'string' },
    state: { type: 'string' },
    due_on: { type: 'any' },
  });
  const milestone = createMilestone(call.turn, repository, {
    title: wanted['title'] as string,
    description: wanted['description'] as string | undefined,
    state: wanted['state'] as string | undefined,
    dueS: dueOf(wanted['due_on']) ?? null,
  });
  return created(milestoneView(call.turn.state, milestone));
}

function listMilestones(call: Call, repository: Repository): Reply {
  const wanted = call.query.get('state') ?? 'open';
  const found = call.turn.state.milestones.filter(
    (one) => one.repositoryId === repository.id && (wanted === 'all' || one.state === wanted),
  );
  return page(call, found, (milestone) => milestoneView(call.turn.state, milestone));
}

function getMilestone(call: Call, repository: Repository): Reply {
  const id = idParam(call, 'id');
  const found = call.turn.state.milestones.find((one) => one.repositoryId === repository.id && one.id === id);
  if (found === undefined) throw notFound();
  return ok(milestoneView(call.turn.state, found));
}

const category = 'issue' as const;
const MILESTONES = '/repos/:owner/:repo/milestones';

export const ISSUE_DETAIL_ROUTES: readonly Route[] = [
  { method: 'GET', path: `${ISSUE}/labels`, category, isAnonymous: true, handle: withIssue(labelsOf) },
  { method: 'POST', path: `${ISSUE}/labels`, category, handle: withIssue(add) },
  { method: 'PUT', path: `${ISSUE}/labels`, category, handle: withIssue(replace) },
  { method: 'DELETE', path: `${ISSUE}/labels`, category, handle: withIssue(clear) },
  { method: 'DELETE', path: `${ISSUE}/labels/:id`, category, handle: withIssue(remove) },
  { method: 'POST', path: `${ISSUE}/deadline`, category, handle: withIssue(setDueDate) },
  { method: 'PUT', path: `${ISSUE}/lock`, category, handle: withIssue(setLock(true)) },
  { method: 'DELETE', path: `${ISSUE}/lock`, category, handle: withIssue(setLock(false)) },
  { method: 'POST', path: `${ISSUE}/pin`, category, handle: withIssue(setPin(true)) },
  { method: 'DELETE', path: `${ISSUE}/pin`, category, handle: withIssue(setPin(false)) },
  { method: 'POST', path: `${ISSUE}/reactions`, category, handle: withIssue(react) },
  { method: 'POST', path: MILESTONES, category, handle: inRepository(newMilestone) },
  { method: 'GET', path: MILESTONES, category, isAnonymous: true, handle: inRepository(listMilestones) },
  {
    method: 'GET',
    path: `${MILESTONES}/:id`,
    category,
    isAnonymous: true,
    handle: inRepository(getMilestone),
  },
];
