import { type Standin } from '../src/index.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Sends JSON as somebody, without following redirects. */
export type Client = (method: string, path: string, body?: unknown) => Promise<Answer>;

export function clientOf(standin: Standin, token: string | null): Client {
  return async (method, path, body) => {
    const response = await fetch(`${standin.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `token ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    const parsed = isJson ? (JSON.parse(text) as Answer['body']) : ({} as Answer['body']);
    return { status: response.status, headers: response.headers, body: parsed };
  };
}
