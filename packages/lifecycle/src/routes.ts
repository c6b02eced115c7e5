import { type IncomingMessage, type ServerResponse } from 'node:http';

/** Values of the `{tokens}` in the path and the query, as text. */
export interface RouteMatch {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

export type RouteHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  match: RouteMatch,
) => void | Promise<void>;

interface Route {
  readonly method: string;
  readonly parts: readonly string[];
  readonly handler: RouteHandler;
}

export type Found =
  | { readonly kind: 'found'; readonly handler: RouteHandler; readonly match: RouteMatch }
  | { readonly kind: 'wrong_method'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown' };

/** A table of routes: `/api/v1/windows/{id}` takes one path segment as `id`. The first that fits wins. */
export class Routes {
  readonly #routes: Route[] = [];

  add(method: string, path: string, handler: RouteHandler): void {
    this.#routes.push({ method: method.toUpperCase(), parts: path.split('/'), handler });
  }

  find(method: string, target: string): Found {
    const { pathname, searchParams: query } = new URL(target, 'http://admin');
    const segments = pathname.split('/');
    const allowed: string[] = [];
    for (const route of this.#routes) {
      const params = matchParts(route.parts, segments);
      if (params === undefined) continue;
      if (route.method === method || (route.method === 'GET' && method === 'HEAD')) {
        return { kind: 'found', handler: route.handler, match: { params, query } };
      }
      allowed.push(route.method);
    }
    return allowed.length > 0 ? { kind: 'wrong_method', allowed } : { kind: 'unknown' };
  }
}

function matchParts(
  parts: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (parts.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const segment = segments[at] as string;
    const token = /^\{(\w+)\}$/.exec(part)?.[1];
    if (token === undefined && part !== segment) return undefined;
    if (token === undefined) continue;
    const value = decoded(segment);
    if (value === undefined || value === '') return undefined;
    params[token] = value;
  }
  return params;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
