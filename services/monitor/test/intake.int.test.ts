import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CALLS, councils, INBOX_PREFIX, repositories, tasks, type CloudEvent } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import { startWorld, type World } from './running-monitor.ts';

const BRIEF = { title: 'Design Brief: order tracking', body: 'Goal', labels: ['chorus-entrypoint'] };
const REPO = 'acme/orders';

let world: World;
let cleanups: AsyncDisposable[];
beforeEach(async () => {
  world = await startWorld();
  cleanups = [];
});
afterEach(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

async function monitor(options: Parameters<World['startMonitor']>[0] = {}): Promise<AsyncDisposable> {
  const started = await world.startMonitor(options);
  cleanups.push(started);
  return started;
}
const add = () =>
  world.bus.call(repositories.addRepository, {
    full_name: REPO,
    monitor_issues: true,
    chorus_labels_only: true,
  });
const allTasks = async () => (await world.bus.call(tasks.listTasks, { limit: 50 })).items;
const happened = (type: string) => world.events.filter((event) => event.type === `whoosh.${type}.v1`);
const repositoryStatus = async () =>
  (await world.bus.call(repositories.listRepositories, { limit: 5 })).items[0]?.sync_status;
const active = () =>
  until(async () => (await repositoryStatus()) === 'active', { describe: 'the repository is active' });

function deliver(number: number, delivery: string = randomUUID()): Promise<unknown> {
  const { id } = repositoryDocument();
  const body = {
    action: 'opened',
    number,
    issue: { number, title: 'stale' },
    repository: { id, full_name: REPO },
  };
  return world.bus.store(`${INBOX_PREFIX}.${delivery}`, body, {
    id: delivery,
    headers: {
      'X-Gitea-Event': 'issues',
      'X-Gitea-Event-Type': 'issues',
      'X-Gitea-Delivery': delivery,
      'Content-Type': 'application/json',
    },
  });
}
const repositoryDocument = () => world.gitea.admin.editRepository(REPO, {});

test('adding a repository ensures the nine labels once, scans it and becomes active', async () => {
  await monitor();
  await add();
  await active();
  const repository = (await world.bus.call(repositories.listRepositories, { limit: 5 })).items[0]!;
  const again = await world.bus.call(repositories.ensureLabels, { id: repository.id });
  expect(again.created).toEqual([]);
  expect(again.present).toHaveLength(9);
  await expect(add()).rejects.toMatchObject({ code: 'conflict', details: { id: repository.id } });

  const page = { limit: 5, cursor: 'none of ours' };
  const pages = [
    world.bus.call(repositories.listRepositories, page),
    world.bus.call(repositories.repositoryLogs, { id: repository.id, ...page }),
    world.bus.call(tasks.listTasks, page),
  ];
  for (const asked of await Promise.allSettled(pages))
    expect(asked).toMatchObject({ status: 'rejected', reason: { code: 'invalid_argument' } });
});

test('three deliveries for one creation, racing the poll on two replicas: one task, opened once', async () => {
  await monitor({ pollIntervalMs: 20 });
  await monitor({ pollIntervalMs: 20 });
  await add();
  await active();
  const { number } = world.gitea.admin.createIssue(REPO, BRIEF);
  await Promise.all([deliver(number), deliver(number), deliver(number)]);
  const delivery = randomUUID();
  await deliver(number, delivery);
  await deliver(number, delivery);
  await until(async () => (await allTasks()).length > 0, { describe: 'a task' });
  await until(
    async () =>
      Number(
        (await world.sql.query('select count(*) from monitor_outbox where published_at is null')).rows[0]
          .count,
      ) === 0,
    { describe: 'the outbox is published' },
  );
  const [task] = await allTasks();
  expect(await allTasks()).toHaveLength(1);
  expect(task).toMatchObject({ kind: 'brief', status: 'open', attempt: 1, number, revision: 1 });
  await until(() => happened('task.opened').length > 0);
  expect(happened('task.opened')).toHaveLength(1);
});

test('without any webhook the poll brings what changes: labels, closing, reopening, a rename of the repository', async () => {
  await monitor();
  await add();
  await active();
  const { number } = world.gitea.admin.createIssue(REPO, BRIEF);
  const task = () => allTasks().then((items) => items[0]);
  await until(async () => (await task())?.status === 'open', { describe: 'the task is open' });
  world.gitea.admin.replaceLabels(REPO, number, ['bug']);
  await until(async () => (await task())?.kind === 'other', { describe: 'the label is gone' });
  world.gitea.admin.replaceLabels(REPO, number, ['chorus-entrypoint']);
  await until(async () => (await task())?.kind === 'brief', { describe: 'the label is back' });
  world.gitea.admin.editIssue(REPO, number, { state: 'closed' });
  await until(async () => (await task())?.status === 'cancelled', { describe: 'the task is cancelled' });
  world.gitea.admin.editIssue(REPO, number, { state: 'open' });
  await until(async () => (await task())?.attempt === 2, { describe: 'a second attempt' });
  world.gitea.admin.editRepository(REPO, { name: 'shop' });
  world.gitea.admin.editIssue('acme/shop', number, { title: 'Design Brief: renamed' });
  await until(async () => (await task())?.title === 'Design Brief: renamed', { describe: 'the new title' });
});

test('a repository that cannot be read goes to error with the reason, and returns by itself', async () => {
  await monitor();
  await add();
  await active();
  const { rows } = await world.sql.query<{ id: string }>('select id from repositories');
  world.gitea.faults.set({ serverError: { probability: 1 } });
  await expect(
    world.bus.call(repositories.syncRepository, { id: rows[0]!.id, full: true }),
  ).rejects.toMatchObject({ code: 'unavailable' });
  expect(await repositoryStatus()).toBe('error');
  await until(() => happened('repository.failed').length > 0, { describe: 'the event of the failure' });
  world.gitea.faults.set({});
  await world.sql.query('update repositories set retry_at = now()');
  await active();
});

test.each([
  { name: '429 with Retry-After', faults: { tooManyRequests: { next: 2, retryAfterS: 0 } } },
  { name: 'two 500s', faults: { serverError: { next: 2 } } },
  { name: 'a slow server', faults: { slow: { next: 3, ms: 150 } } },
])('$name in the way loses nothing', async ({ faults }) => {
  await monitor();
  await add();
  await active();
  world.gitea.faults.set(faults);
  world.gitea.admin.createIssue(REPO, { ...BRIEF, title: 'A task', labels: ['bzzz-task'] });
  await until(async () => (await allTasks()).length === 1, { describe: 'the task' });
  expect((await allTasks())[0]).toMatchObject({ kind: 'work', title: 'A task' });
});

test('a sweep finds what no cursor shows: a deleted issue', async () => {
  await monitor({ sweepIntervalMs: 200 });
  await add();
  await active();
  const { number } = world.gitea.admin.createIssue(REPO, BRIEF);
  await until(async () => (await allTasks()).length === 1, { describe: 'the task' });
  world.gitea.admin.deleteIssue(REPO, number);
  await until(async () => (await allTasks())[0]?.issue_state === 'closed', {
    describe: 'the task is closed',
  });
  expect((await allTasks())[0]).toMatchObject({ status: 'cancelled' });
});

test('the same ingested task twice is one task', async () => {
  await monitor();
  const request = {
    source_type: 'n8n',
    external_id: 'x-1',
    title: 'Fix it',
    body: '',
    labels: ['bzzz-task'],
  };
  const [first, second] = await Promise.all([
    world.bus.call(tasks.ingestTask, request),
    world.bus.call(tasks.ingestTask, request),
  ]);
  expect(first.id).toBe(second.id);
  expect(first).toMatchObject({ kind: 'work', status: 'open', source_type: 'n8n' });
});

test('with an idempotency key a repeat gets the first answer, and another body is refused', async () => {
  const keepers = CALLS.filter(({ service, keepsKey }) => service === 'monitor' && keepsKey);
  expect(keepers.map(({ name }) => name).toSorted()).toEqual(['repository.add', 'task.ingest']);
  await monitor();
  const idempotencyKey = 'once';
  const add = { full_name: REPO, monitor_issues: true, chorus_labels_only: true };
  const added = await world.bus.call(repositories.addRepository, add, { idempotencyKey });
  expect(await world.bus.call(repositories.addRepository, add, { idempotencyKey })).toEqual(added);
  await expect(world.bus.call(repositories.addRepository, add)).rejects.toMatchObject({ code: 'conflict' });
  await expect(
    world.bus.call(repositories.addRepository, { ...add, chorus_labels_only: false }, { idempotencyKey }),
  ).rejects.toMatchObject({ details: { code: 'idempotency_mismatch' } });

  const request = { source_type: 'n8n', external_id: 'a-2', title: 'Old', body: '', labels: ['bzzz-task'] };
  const first = await world.bus.call(tasks.ingestTask, request, { idempotencyKey });
  await world.bus.call(tasks.ingestTask, { ...request, title: 'New' });
  expect(await world.bus.call(tasks.ingestTask, request, { idempotencyKey })).toEqual(first);
  expect((await world.bus.call(tasks.getTask, { id: first.id })).title).toBe('New');
});

describe('milestones', () => {
  const council = (
    task: tasks.TaskView,
    status: councils.CouncilView['status'],
    revision: number,
  ): councils.CouncilView => ({
    id: COUNCIL,
    council_id: COUNCIL,
    task_id: task.id,
    attempt: task.attempt,
    project_name: REPO,
    title: task.title,
    core_agents: [
      {
        role: 'eng-lead',
        name: 'Engineering Lead',
        required: true,
        why: 'core',
        status: revision > 1 ? 'claimed' : 'open',
        agent_id: revision > 1 ? 'eng-lead-1' : null,
        deployment_id: null,
        claimed_at: null,
      },
    ],
    optional_agents: [],
    strategy: 'kickoff',
    status,
    reason: null,
    round: null,
    artifacts: [],
    seat_deadline_at: '2026-01-01T00:00:00Z',
    revision,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
  });
  const COUNCIL = '018f0000-0000-7000-8000-0000000000c1';

  async function say(contract: typeof councils.councilForming, view: councils.CouncilView): Promise<void> {
    const event: CloudEvent = {
      specversion: '1.0',
      id: randomUUID(),
      source: '/whoosh/council',
      type: contract.type,
      subject: view.id,
      time: '2026-01-01T00:00:00Z',
      datacontenttype: 'application/json',
      dataschema: `${contract.type}.schema.json`,
      data: { ...view, change: { from: null, to: view.status, reason: 'test', by: 'test' } },
      hlc: '0000:0000:0000',
      revision: view.revision,
    };
    await world.bus.store(contract.subject.at({ id: view.id }), event, { id: event.id });
  }

  test('comments are edited, never repeated, also over a crash between posting and knowing it', async () => {
    const first = await monitor();
    await add();
    await active();
    const { number } = world.gitea.admin.createIssue(REPO, BRIEF);
    await until(async () => (await allTasks()).length === 1, { describe: 'the task' });
    const [task] = await allTasks();
    await world.sql.query(
      "insert into councils (id, task_id, attempt, project_name, title, strategy, status, seat_deadline_at, created_at, updated_at) values ($1, $2, 1, 'p', 't', 'k', 'forming', now(), now(), now())",
      [COUNCIL, task!.id],
    );
    await say(councils.councilForming, council(task!, 'forming', 1));
    const bodies = async () => {
      const response = await fetch(`${world.gitea.url}/api/v1/repos/${REPO}/issues/${number}/comments`);
      return ((await response.json()) as { body: string }[]).map(({ body }) => body);
    };
    await until(async () => (await bodies()).length === 1, { describe: 'the first comment' });
    await say(councils.councilRoleClaimed, council(task!, 'forming', 2));
    await until(async () => (await bodies())[0]?.includes('eng-lead-1'), {
      describe: 'the comment names the agent',
    });
    expect(await bodies()).toHaveLength(1);
    expect((await allTasks())[0]).toMatchObject({ status: 'forming', council_id: COUNCIL });
    await say(councils.councilActive, council(task!, 'active', 3));
    await until(async () => (await bodies()).length === 2, { describe: 'the second comment' });
    // Late and out of its order, as a dead letter that is replayed: the task stays where it is.
    await say(councils.councilForming, council(task!, 'forming', 1));
    await say(councils.councilCompleted, council(task!, 'completed', 4));
    await until(async () => (await bodies()).length === 3, { describe: 'the last comment' });
    expect((await bodies())[0]).toContain('eng-lead-1');
    const { rows } = await world.sql.query<{ to_state: string }>(
      'select to_state from monitor_history where life_id = $1 and "by" = \'council\' order by revision',
      [task!.id],
    );
    expect(rows.map(({ to_state: to }) => to)).toEqual(['forming', 'in_progress', 'completed']);

    await first[Symbol.asyncDispose]();
    cleanups = [];
    // As after a kill -9 between Gitea's answer and our row: posted there, unknown here.
    await world.sql.query('update issue_comments set gitea_comment_id = null, posted_sha256 = null');
    await monitor();
    await until(
      async () =>
        (await world.sql.query('select 1 from issue_comments where gitea_comment_id is not null'))
          .rowCount === 3,
      { describe: 'the comments are found again' },
    );
    expect(await bodies()).toHaveLength(3);
  });
});
