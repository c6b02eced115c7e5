/** What a developer does in Gitea, over its API. */
const TIMEOUT_MS = 15_000;

export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly state: string;
}

export const BRIEF = {
  title: 'Design Brief: returns portal',
  labels: ['chorus-entrypoint'],
  body: `## Goal
Customers return goods on their own: they pick an order, say why, print a label and follow the refund.

## Scope
- A page to choose the lines of an order and a reason.
- A label as PDF, a state that the customer can follow.

## Constraints
- PostgreSQL stays the source of truth. Personal data is seen by the customer and by support only.
- Deployed with the existing pipeline.

## Quality
Acceptance tests for every rule of the return policy.
`,
} as const;

export const TASK = {
  title: 'Fix the crash when an order has no lines',
  labels: ['bzzz-task', 'bug'],
  body: 'The TypeScript service throws `cannot read properties of undefined` in the order list when an order has no lines. Expected: the order is shown with a total of zero. Add a test.',
} as const;

export class Gitea {
  readonly #base: string;
  readonly #token: string;

  constructor(base: string, token: string) {
    this.#base = base;
    this.#token = token;
  }

  async open(
    repository: string,
    issue: { title: string; body: string; labels: readonly string[] },
  ): Promise<Issue> {
    const known = await this.send<{ id: number; name: string }[]>(
      'GET',
      `/repos/${repository}/labels?limit=50`,
    );
    const ids = issue.labels.map((name) => known.find((label) => label.name === name)?.id);
    if (ids.includes(undefined))
      throw new Error(`${repository} lacks one of the labels ${issue.labels.join(', ')}`);
    return this.send<Issue>('POST', `/repos/${repository}/issues`, {
      title: issue.title,
      body: issue.body,
      labels: ids,
    });
  }

  edit(repository: string, number: number, change: object): Promise<Issue> {
    return this.send<Issue>('PATCH', `/repos/${repository}/issues/${number}`, change);
  }

  comments(
    repository: string,
    number: number,
  ): Promise<{ id: number; body: string; user: { login: string } }[]> {
    return this.send('GET', `/repos/${repository}/issues/${number}/comments`);
  }

  /** Makes the stand-in misbehave: see its README. */
  faults(faults: object): Promise<unknown> {
    return this.#fetch('PUT', '/__standin/faults', faults);
  }

  send<Data>(method: string, path: string, body?: object): Promise<Data> {
    return this.#fetch(method, `/api/v1${path}`, body) as Promise<Data>;
  }

  async #fetch(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: { authorization: `token ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }
}
