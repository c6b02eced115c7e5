/** Opens a Design Brief the way a developer would: an issue with a title and a label, over Gitea's API. */

const timeoutMs = 10_000;
export const briefLabel = 'chorus-entrypoint';
export const sampleRepository = 'acme/orders';

export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly html_url: string;
}

const sampleTitle = 'Design Brief: order history for customers';
const sampleBody = `## Goal
Customers see every order they ever placed, with its state and its invoice, on web and phone.

## Scope
- A list, newest first, filtered by state and by year, in pages of 20.
- The details of an order: lines, prices, payments, shipments, invoice as PDF.
- Orders from before the last migration are included.

## Out of scope
Returns and reclamations stay where they are.

## Constraints
- PostgreSQL stays the source of truth; the list answers within 200 ms (p95) at 50 requests per second.
- Personal data: only the customer and support staff may see an order; access is logged.
- Deployed with the existing pipeline, without downtime.

## Quality
Acceptance tests for filters, paging and access rules run in CI before every merge.
`;

/** The sample brief as a new issue of the repository; `token` is that of the developer. */
export async function openSampleBrief(
  gitea: string,
  token: string,
  repository: string = sampleRepository,
): Promise<Issue> {
  const labels = await request<{ id: number; name: string }[]>(
    gitea,
    token,
    'GET',
    `/repos/${repository}/labels?limit=50`,
  );
  const label = labels.find(({ name }) => name === briefLabel);
  if (label === undefined) throw new Error(`${repository} has no label ${briefLabel}`);
  return await request<Issue>(gitea, token, 'POST', `/repos/${repository}/issues`, {
    title: sampleTitle,
    body: sampleBody,
    labels: [label.id],
  });
}

async function request<T>(
  gitea: string,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const reply = await fetch(`${gitea}/api/v1${path}`, {
    method,
    headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!reply.ok)
    throw new Error(
      `${method} ${path} at ${gitea} answered ${reply.status}: ${(await reply.text()).slice(0, 200)}`,
    );
  return (await reply.json()) as T;
}
