/** The REST API of the gateway, as a script uses it. */

const timeoutMs = 10_000;

export class RestFailure extends Error {
  override readonly name = 'RestFailure';
  readonly status: number;
  readonly code: string | undefined;

  constructor(request: string, status: number, code: string | undefined, message: string) {
    super(`${request} answered ${status}${code === undefined ? '' : ` (${code})`}: ${message}`);
    this.status = status;
    this.code = code;
  }
}

export class Rest {
  readonly #base: string;
  readonly #token: string;

  constructor(base: string, token: string) {
    this.#base = base;
    this.#token = token;
  }

  async get<T>(path: string): Promise<T> {
    return await this.#request<T>('GET', path);
  }

  async post<T>(path: string, body: object): Promise<T> {
    return await this.#request<T>('POST', path, body);
  }

  /** A response whose body is read by the caller, as it comes. */
  async stream(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const reply = await fetch(`${this.#base}${path}`, {
      headers: { authorization: `Bearer ${this.#token}`, accept: 'text/event-stream', ...headers },
      signal,
    });
    if (!reply.ok) throw new RestFailure(`GET ${path}`, reply.status, undefined, await reply.text());
    return reply;
  }

  async #request<T>(method: string, path: string, body?: object): Promise<T> {
    const reply = await fetch(`${this.#base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await reply.text();
    const answer = parse(text);
    if (!reply.ok) {
      throw new RestFailure(
        `${method} ${path}`,
        reply.status,
        answer?.details?.code,
        answer?.error ?? text.slice(0, 200),
      );
    }
    return answer?.data as T;
  }
}

interface Answer {
  readonly data?: unknown;
  readonly error?: string;
  readonly details?: { readonly code?: string };
}

function parse(text: string): Answer | undefined {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
}
