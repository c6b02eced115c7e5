import { unprocessable } from './api-error.ts';
import { can } from './access.ts';
import { findUser, milestoneById } from './lookup.ts';
import { type Issue, type Repository, type State } from './model.ts';
import { parseRfc3339 } from '../wire/go-time.ts';
import { type Turn } from './turn.ts';

/** Newest creation first, whatever `sort` says and also with `since`. */
function newestFirst(left: Issue, right: Issue): number {
  return right.createdS - left.createdS || right.id - left.id;
}

/** The list of one repository: several labels mean *and*, and only its own labels are known. */
export function listIssues(turn: Turn, repository: Repository, query: URLSearchParams): Issue[] {
  const own = turn.state.labels.filter((label) => label.repositoryId === repository.id);
  const wanted = own.filter((label) => namesIn(query).includes(label.name)).map((label) => label.id);
  const matches = filterOf(turn, query);
  return turn.state.issues
    .filter((issue) => issue.repositoryId === repository.id && matches(issue))
    .filter((issue) => wanted.every((id) => issue.labelIds.includes(id)))
    .toSorted(newestFirst);
}

/** Over all repositories that the caller sees: several labels mean *or*. */
export function searchIssues(turn: Turn, query: URLSearchParams): Issue[] {
  const names = namesIn(query);
  const wanted = turn.state.labels.filter((label) => names.includes(label.name)).map((label) => label.id);
  const matches = filterOf(turn, query);
  const visible = visibleRepositories(turn, query.get('owner') ?? '');
  return turn.state.issues
    .filter((issue) => visible.has(issue.repositoryId) && matches(issue))
    .filter((issue) => wanted.length === 0 || wanted.some((id) => issue.labelIds.includes(id)))
    .toSorted(newestFirst);
}

function visibleRepositories(turn: Turn, owner: string): Set<number> {
  const ownerId = owner === '' ? undefined : findUser(turn.state, owner)?.id;
  const visible = turn.state.repositories.filter(
    (repository) =>
      repository.hasIssues &&
      (ownerId === undefined || repository.ownerId === ownerId) &&
      can(turn, repository, 'read'),
  );
  return new Set(visible.map((repository) => repository.id));
}

function namesIn(query: URLSearchParams): string[] {
  return (query.get('labels') ?? '').split(',').filter((name) => name !== '');
}

type Filter = (issue: Issue) => boolean;

function filterOf(turn: Turn, query: URLSearchParams): Filter {
  const { state } = turn;
  const since = boundary(query, 'since');
  const before = boundary(query, 'before');
  const filters: Filter[] = [stateFilter(query.get('state') ?? '')];
  if (query.get('type') === 'pulls') filters.push(() => false);
  if (since !== null) filters.push((issue) => issue.updatedS >= since);
  if (before !== null) filters.push((issue) => issue.updatedS <= before);
  const keyword = (query.get('q') ?? '').trim().toLowerCase();
  if (keyword !== '') filters.push((issue) => mentions(state, issue, keyword));
  filters.push(...peopleFilters(turn, query));
  const milestones = (query.get('milestones') ?? '').split(',').filter((name) => name !== '');
  if (milestones.length > 0) {
    filters.push((issue) => {
      const milestone = milestoneById(state, issue.milestoneId);
      return (
        milestone !== undefined &&
        milestones.some((name) => name === milestone.title || name === `${milestone.id}`)
      );
    });
  }
  return (issue) => filters.every((filter) => filter(issue));
}

function stateFilter(wanted: string): Filter {
  if (wanted === 'all') return () => true;
  const open = wanted === 'closed' ? 'closed' : 'open';
  return (issue) => issue.state === open;
}

/** `created_by`/`assigned_by` name a person; the search has `created`/`assigned` for the caller himself. */
function peopleFilters(turn: Turn, query: URLSearchParams): Filter[] {
  const idOf = (login: string): number => findUser(turn.state, login)?.id ?? 0;
  const filters: Filter[] = [];
  const createdBy = query.get('created') === 'true' ? turn.actor?.login : query.get('created_by');
  const assignedBy = query.get('assigned') === 'true' ? turn.actor?.login : query.get('assigned_by');
  if (createdBy) filters.push((issue) => issue.posterId === idOf(createdBy));
  if (assignedBy) filters.push((issue) => issue.assigneeIds.includes(idOf(assignedBy)));
  return filters;
}

function mentions(state: State, issue: Issue, keyword: string): boolean {
  if (issue.title.toLowerCase().includes(keyword) || issue.body.toLowerCase().includes(keyword)) return true;
  return state.comments.some(
    (comment) => comment.issueId === issue.id && comment.body.toLowerCase().includes(keyword),
  );
}

/** Inclusive, in whole seconds, on `updated_at`. */
function boundary(query: URLSearchParams, name: 'since' | 'before'): number | null {
  const text = query.get(name) ?? '';
  if (text === '') return null;
  const parsed = parseRfc3339(text);
  if (!parsed.ok) throw unprocessable(parsed.message);
  return parsed.atS;
}
