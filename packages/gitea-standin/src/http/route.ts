import { findRepository } from '../domain/lookup.ts';
import { type Repository } from '../domain/model.ts';
import { type Turn } from '../domain/turn.ts';
import { type Caller } from './authenticate.ts';
import { bind, type Bound, type OptionSpec, type RawBody } from './bind.ts';
import { cut, linkHeader, windowOf } from './paging.ts';
import { counted, moved, type Reply } from './reply.ts';
import { type Category } from './scopes.ts';
import { notFound } from '../domain/api-error.ts';

/** One request on its way through a handler. */
export interface Call {
  readonly turn: Turn;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as it was sent, for redirects. */
  readonly rawQuery: string;
  readonly raw: RawBody;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly category: Category;
  /** Routes that change something, and a few others, are refused without credentials. */
  readonly isAnonymous?: true;
  readonly handle: (call: Call) => Reply;
}

export type RepositoryHandler = (call: Call, repository: Repository) => Reply;

/** Resolves `:owner/:repo`; a former name is answered with a relative redirect to the present one. */
export function inRepository(handle: RepositoryHandler): (call: Call) => Reply {
  return (call) => {
    const { owner, repo } = call.params;
    const found = findRepository(call.turn, owner ?? '', repo ?? '');
    if (found.kind === 'here') return handle(call, found.repository);
    const location = call.path.replace(`/repos/${owner}/${repo}`, `/repos/${found.owner}/${found.name}`);
    return moved(call.rawQuery === '' ? location : `${location}?${call.rawQuery}`);
  };
}

export function bodyOf(call: Call, option: string, spec: OptionSpec): Bound {
  return bind(call.raw, option, spec);
}

/** A positive integer from the path; anything else does not exist. */
export function idParam(call: Call, name: string): number {
  const text = call.params[name] ?? '';
  if (!/^\d{1,15}$/.test(text)) throw notFound();
  return Number(text);
}

/** One page of a list, with its count. */
export function page<T>(call: Call, items: readonly T[], view: (item: T) => unknown): Reply {
  return counted(cut(items, windowOf(call.query)).map(view), items.length);
}

/** One page of a list, with its count and a Link header when there are more. */
export function linkedPage<T>(call: Call, items: readonly T[], view: (item: T) => unknown): Reply {
  const window = windowOf(call.query);
  const found = { window, total: items.length };
  const link = linkHeader(call.turn.site.rootUrl, call.path, call.query, found);
  return counted(cut(items, window).map(view), items.length, link);
}
