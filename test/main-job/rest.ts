/** The gateway's REST API, as a client outside sees it: status and body, never an exception for an answer. */
const TIMEOUT_MS = 15_000;

export interface Answer<Data> {
  readonly status: number;
  readonly data: Data;
  readonly error: string | undefined;
  readonly code: string | undefined;
  readonly headers: Headers;
}

export class Rest {
  readonly base: string;
  readonly #token: string | undefined;

  constructor(base: string, token: string | undefined) {
    this.base = base;
    this.#token = token;
  }

  /** The same gateway with another token, or with none. */
  as(token: string | undefined): Rest {
    return new Rest(this.base, token);
  }

  async send<Data = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<Data>> {
    const response = await fetch(`${this.base}${path}`, {
      method,
      headers: {
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    const parsed = text.startsWith('{')
      ? (JSON.parse(text) as { data?: Data; error?: string; details?: { code?: string } })
      : undefined;
    return {
      status: response.status,
      data: parsed?.data as Data,
      error: parsed?.error,
      code: parsed?.details?.code,
      headers: response.headers,
    };
  }

  /** The data of a 2xx; anything else throws with what was answered. */
  async get<Data>(path: string): Promise<Data> {
    return this.#data(await this.send<Data>('GET', path), `GET ${path}`);
  }

  async post<Data>(path: string, body: unknown): Promise<Data> {
    return this.#data(await this.send<Data>('POST', path, body), `POST ${path}`);
  }

  #data<Data>(answer: Answer<Data>, what: string): Data {
    if (answer.status >= 200 && answer.status < 300) return answer.data;
    throw new Error(`${what}: ${answer.status} ${answer.code ?? ''} ${answer.error ?? ''}`);
  }
}
