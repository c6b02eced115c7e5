import { type Notice } from '../domain/turn.ts';

/** What a handler answers; the rest of the headers follows from it. */
export interface Reply {
  readonly status: number;
  readonly json?: unknown;
  readonly html?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ok = (json: unknown): Reply => ({ status: 200, json });
export const created = (json: unknown): Reply => ({ status: 201, json });
export const noContent: Reply = { status: 204 };

export function moved(location: string): Reply {
  const escaped = location.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return {
    status: 301,
    html: `<a href="${escaped}">Moved Permanently</a>.\n\n`,
    headers: { location },
  };
}

/** A list with its count; `link` only where Gitea sets one. */
export function counted(json: readonly unknown[], total: number, link?: string): Reply {
  const headers = {
    'access-control-expose-headers': link === undefined ? 'X-Total-Count' : 'Link, X-Total-Count',
    ...(link === undefined ? {} : { link }),
    'x-total-count': `${total}`,
  };
  return { status: 200, json, headers };
}

export interface Outcome {
  readonly reply: Reply;
  readonly notices: readonly Notice[];
}
