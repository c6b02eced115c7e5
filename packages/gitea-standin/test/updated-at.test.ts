import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGiteaStandin, type Standin } from '../src/index.ts';
import { ManualClock } from './capture-session.ts';
import { clientOf, type Client } from './client.ts';

interface Observed {
  readonly change: string;
  readonly status: number;
  readonly updated_at_changed: boolean;
}

const FIXTURE = join(import.meta.dirname, '..', 'fixtures', 'updated_at.json');
const OBSERVED = JSON.parse(readFileSync(FIXTURE, 'utf8')) as Observed[];
const ISSUE = '/api/v1/repos/acme/orders/issues/1';
const COMMENT = '/api/v1/repos/acme/orders/issues/comments';

/** The changes of the capture in its order, each by method, path and body. `{comment}` is the id of the comment. */
const CHANGES: Readonly<Record<string, readonly [method: string, path: string, body?: unknown]>> = {
  'title edited': ['PATCH', ISSUE, { title: 'another title' }],
  'body edited': ['PATCH', ISSUE, { body: 'another body' }],
  // The issue had this label from its creation.
  'label added': ['POST', `${ISSUE}/labels`, { labels: [1] }],
  'label added by name': ['POST', `${ISSUE}/labels`, { labels: ['bug'] }],
  'label added again': ['POST', `${ISSUE}/labels`, { labels: ['bug'] }],
  'label unknown name': ['POST', `${ISSUE}/labels`, { labels: ['nosuch'] }],
  'label org-wide by name': ['POST', `${ISSUE}/labels`, { labels: ['org-wide'] }],
  'label removed': ['DELETE', `${ISSUE}/labels/2`],
  'labels replaced': ['PUT', `${ISSUE}/labels`, { labels: [2] }],
  'labels cleared': ['DELETE', `${ISSUE}/labels`],
  'comment added': ['POST', `${ISSUE}/comments`, { body: 'first' }],
  'comment edited': ['PATCH', `${COMMENT}/{comment}`, { body: 'second' }],
  'comment deleted': ['DELETE', `${COMMENT}/{comment}`],
  closed: ['PATCH', ISSUE, { state: 'closed' }],
  'closed again': ['PATCH', ISSUE, { state: 'closed' }],
  reopened: ['PATCH', ISSUE, { state: 'open' }],
  assigned: ['PATCH', ISSUE, { assignees: ['operator'] }],
  'milestone set': ['PATCH', ISSUE, { milestone: 1 }],
  'label definition renamed (repository label)': [
    'PATCH',
    '/api/v1/repos/acme/orders/labels/1',
    { name: 'renamed' },
  ],
  'reaction added': ['POST', `${ISSUE}/reactions`, { content: '+1' }],
  'due date': ['PATCH', ISSUE, { due_date: '2027-03-01T00:00:00Z' }],
  locked: ['PUT', `${ISSUE}/lock`],
  pinned: ['POST', `${ISSUE}/pin`],
};

describe("an issue's updated_at", () => {
  const clock = new ManualClock();
  let standin: Standin;
  let ask: Client;
  let comment = 0;

  beforeAll(async () => {
    clock.set('02:00:00');
    standin = await startGiteaStandin({ clock, seed });
    ask = clientOf(standin, standin.admin.createToken('operator'));
  });

  afterAll(() => standin[Symbol.asyncDispose]());

  it('is observed for every change of the fixture', () => {
    expect(Object.keys(CHANGES)).toEqual(OBSERVED.map((one) => one.change));
  });

  it.each(OBSERVED)('$change: status $status, moved: $updated_at_changed', async (observed) => {
    const [method, path, body] = CHANGES[observed.change] ?? ['GET', ISSUE];
    const before = await ask('GET', ISSUE);
    clock.set(new Date(clock.now() + 2_000).toISOString());
    const answer = await ask(method, path.replace('{comment}', `${comment}`), body);
    if (observed.change === 'comment added') comment = answer.body['id'] as number;
    const after = await ask('GET', ISSUE);
    expect(answer.status).toBe(observed.status);
    expect(after.body['updated_at'] !== before.body['updated_at']).toBe(observed.updated_at_changed);
  });
});

function seed({ admin }: Standin): void {
  admin.createUser({ username: 'operator', admin: true });
  admin.createOrganization('acme');
  admin.createRepository('acme', { name: 'orders' });
  admin.createLabel('acme/orders', { name: 'bzzz-task' });
  admin.createLabel('acme/orders', { name: 'bug' });
  admin.createLabel('acme', { name: 'org-wide' });
  admin.createMilestone('acme/orders', { title: 'v1', dueS: null });
  admin.createIssue('acme/orders', { title: 'title', body: 'body', labels: ['bzzz-task'] });
}
