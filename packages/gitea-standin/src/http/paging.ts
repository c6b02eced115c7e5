import { encodeQuery } from '../wire/go-query.ts';

const LIMIT_DEFAULT = 30;
const LIMIT_MAX = 50;

export interface Window {
  readonly page: number;
  readonly limit: number;
}

/** 0, negative and unreadable limits mean the default; more than the cap means the cap. */
export function windowOf(query: URLSearchParams): Window {
  const limit = integer(query.get('limit'));
  const page = integer(query.get('page'));
  return { page: Math.max(page, 1), limit: limit <= 0 ? LIMIT_DEFAULT : Math.min(limit, LIMIT_MAX) };
}

export function cut<T>(items: readonly T[], { page, limit }: Window): T[] {
  return items.slice((page - 1) * limit, page * limit);
}

/**
 * The Link header, built from ROOT_URL and the caller's own parameters in sorted order; undefined when there is one
 * page. A page past the end counts as the last one.
 */
export function linkHeader(
  rootUrl: string,
  path: string,
  query: URLSearchParams,
  found: { window: Window; total: number },
): string | undefined {
  const { window, total } = found;
  const last = Math.max(Math.ceil(total / window.limit), 1);
  const current = Math.min(window.page, last);
  const links: string[] = [];
  const add = (page: number, relation: string): void => {
    const parameters = new URLSearchParams(query);
    parameters.set('page', `${page}`);
    links.push(`<${rootUrl.replace(/\/$/, '')}${path}?${encodeQuery(parameters)}>; rel="${relation}"`);
  };
  if (current < last) add(current + 1, 'next');
  if (current < last) add(last, 'last');
  if (current > 1) add(1, 'first');
  if (current > 1) add(current - 1, 'prev');
  return links.length === 0 ? undefined : links.join(',');
}

function integer(text: string | null): number {
  const value = Number(text ?? '');
  return Number.isInteger(value) ? value : 0;
}
