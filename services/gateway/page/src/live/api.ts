/** A refusal of the API, with its stable code. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  /** What the caller may do about it; its names belong to the code. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, details: Readonly<Record<string, unknown>>) {
    super(message);
    this.status = status;
    this.details = details;
    this.code = typeof details['code'] === 'string' ? details['code'] : 'unknown';
  }
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

const TIMEOUT_MS = 10_000;
const PAGES_MAX = 5;

/** Asks the API of the server that this page came from. */
export class Api {
  readonly token: string;
  readonly #onRefused: () => void;

  constructor(token: string, onRefused: () => void) {
    this.token = token;
    this.#onRefused = onRefused;
  }

  get headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.token}` };
  }

  async get<Data>(path: string): Promise<Data> {
    return this.#ask<Data>(path, { method: 'GET' });
  }

  async post<Data>(path: string, body?: object): Promise<Data> {
    return this.#ask<Data>(path, { method: 'POST', ...(body && { body: JSON.stringify(body) }) });
  }

  async delete<Data>(path: string): Promise<Data> {
    return this.#ask<Data>(path, { method: 'DELETE' });
  }

  /** A list from its newest item on, up to a thousand. */
  async list<Item>(path: string): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const answer: Page<Item> = await this.get<Page<Item>>(`${path}?limit=200${more}`);
      items.push(...answer.items);
      cursor = answer.next_cursor;
      if (cursor === null) break;
    }
    return items;
  }

  async #ask<Data>(path: string, init: RequestInit): Promise<Data> {
    const response = await fetch(path, {
      ...init,
      headers: { ...this.headers, ...(init.body !== undefined && { 'Content-Type': 'application/json' }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body = (await response.json()) as {
      data?: Data;
      error?: string;
      details?: Readonly<Record<string, unknown>>;
    };
    if (response.ok) return (body.data ?? body) as Data;
    if (response.status === 401) this.#onRefused();
    throw new ApiFailure(response.status, body.error ?? response.statusText, body.details ?? {});
  }
}
