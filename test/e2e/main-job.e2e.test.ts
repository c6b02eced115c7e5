/** The main job as its users see it: only HTTP and NATS are used to act, the database only to look. */
import { createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jetstreamManager } from '@nats-io/jetstream';
import { backbeat } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import {
  addRepository,
  councilBecomes,
  councilsOf,
  deploymentsOf,
  fleetOnline,
  hearReports,
  openBrief,
  openTask,
  REPOSITORY,
  taskOf,
  teamBecomes,
  teamsOf,
} from '../main-job/main-job.ts';
import { startWhoosh, type RunningWhoosh } from '../main-job/running-whoosh.ts';
import { storedEvents } from '../main-job/snapshot.ts';
import { withStory } from '../main-job/told-story.ts';

let whoosh: RunningWhoosh;
let reports: readonly backbeat.BarReport[];
let brief: number;
let work: number;

beforeAll(async () => {
  // A phase of a council is a bar: at this tempo a busy host has four seconds for an agent's part in it.
  whoosh = await startWhoosh({ env: { BACKBEAT_TEMPO_BPM: '60' } });
  reports = hearReports(whoosh).heard;
  await addRepository(whoosh);
  await fleetOnline(whoosh);
  brief = await openBrief(whoosh);
  work = await openTask(whoosh);
}, 240_000);
afterAll(async () => {
  await whoosh?.[Symbol.asyncDispose]();
});

const rows = async (sql: string, ...values: unknown[]) =>
  (await whoosh.database.query<Record<string, unknown>>(sql, values)).rows;

test('a Design Brief becomes a council whose seats are taken by deployed agents', async () => {
  const council = await withStory(whoosh.directory, () =>
    councilBecomes(whoosh, brief, 'completed', 180_000),
  );
  const core = council.core_agents.map(({ role }) => role).toSorted();
  expect(core).toEqual(['eng-lead', 'product-manager', 'qa-lead']);
  const deployments = await deploymentsOf(whoosh, council.id);
  expect(council.core_agents.map(({ agent_id: agent }) => agent).toSorted()).toEqual(
    deployments
      .filter(({ role }) => core.includes(role))
      .map(({ agent_id: agent }) => agent)
      .toSorted(),
  );
  expect(council.artifacts.map(({ kind }) => kind).toSorted()).toEqual([
    'gate_tests',
    'kickoff_manifest',
    'scaffold_plan',
    'seminal_decision_record',
  ]);
  expect(council.artifacts.every(({ ratified }) => ratified)).toBe(true);
}, 200_000);

test('its artifacts can be read, and say something about this brief', async () => {
  const [council] = await councilsOf(whoosh, (await taskOf(whoosh, brief))!.id);
  for (const artifact of council!.artifacts) {
    const full = await whoosh.rest.get<{ content: string; sha256: string }>(
      `/api/v1/councils/${council!.id}/artifacts/${artifact.id}`,
    );
    expect(full.content.toLowerCase()).toContain('return');
    expect(full.content.length).toBeGreaterThan(200);
  }
});

test('a bzzz-task becomes a team that is deployed and works, and its decision can be read', async () => {
  const team = await withStory(whoosh.directory, () => teamBecomes(whoosh, work, ['working'], 180_000));
  expect(team.classification.task_type).toBe('bug_fix');
  expect(team.members.length).toBeGreaterThan(0);
  for (const member of team.members) {
    expect(member.score).toBeGreaterThanOrEqual(0.6);
    expect(member.reasons.length).toBeGreaterThan(0);
  }
  const deployments = await deploymentsOf(whoosh, team.id);
  expect(deployments.map(({ role }) => role).toSorted()).toEqual(
    team.members.map(({ role }) => role).toSorted(),
  );
  expect(deployments.every(({ status }) => status === 'healthy')).toBe(true);
  const decision = await whoosh.rest.get<{ candidates: { agent_id: string; chosen: boolean }[] }>(
    `/api/v1/teams/${team.id}/decision`,
  );
  expect(
    decision.candidates
      .filter(({ chosen }) => chosen)
      .map(({ agent_id: agent }) => agent)
      .toSorted(),
  ).toEqual(team.members.map(({ agent_id: agent }) => agent).toSorted());
}, 200_000);

test('every window has exactly one BarReport, and one of them counts the deployed agents', async () => {
  expect(reports.length).toBeGreaterThan(3);
  expect(new Set(reports.map(({ window_id: window }) => window)).size).toBe(reports.length);
  for (const report of reports) expect(backbeat.BarReport.safeParse(report).success).toBe(true);
  const jsm = await jetstreamManager(whoosh.nats);
  const { state } = await jsm.streams.info('BACKBEAT_REPORTS', { subjects_filter: '>' });
  expect(Object.values(state.subjects ?? {}).every((count) => count === 1)).toBe(true);
  const fromRest = await whoosh.rest.get<{ items: { report: backbeat.BarReport }[] }>(
    '/api/v1/backbeat/reports?limit=200',
  );
  expect(fromRest.items.map(({ report }) => report.window_id)).toEqual(
    expect.arrayContaining(reports.slice(0, 3).map(({ window_id: window }) => window)),
  );
});

test('the issue has one comment per milestone', async () => {
  await until(async () => (await whoosh.gitea.comments(REPOSITORY, brief)).length >= 3, {
    timeoutMs: 60_000,
    describe: 'three milestone comments on the brief',
  });
  const comments = (await whoosh.gitea.comments(REPOSITORY, brief)).map(
    ({ body }) => /whoosh:[^:]+:\d+:(\w+)/.exec(body)?.[1],
  );
  expect(comments.toSorted()).toEqual(['council_finished', 'council_formed', 'council_forming']);
});

test('the same delivery three times, racing the poll: one task, one council, one deployment per role', async () => {
  const { tokens, gateway } = whoosh.run.file();
  const secret = await readFile(join(whoosh.directory, 'secrets', 'webhook_token'), 'utf8').then((text) =>
    text.trim(),
  );
  expect(tokens.admin.length).toBeGreaterThan(10);
  const [repository] = await rows('select gitea_id from repositories');
  const body = JSON.stringify({
    action: 'opened',
    number: brief,
    issue: { number: brief, title: 'stale' },
    repository: { id: Number(repository!['gitea_id']), full_name: REPOSITORY },
  });
  const delivery = randomUUID();
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const send = () =>
    fetch(`${gateway}/webhooks/gitea`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-gitea-event': 'issues',
        'x-gitea-event-type': 'issues',
        'x-gitea-delivery': delivery,
        'x-gitea-signature': signature,
      },
    });
  const statuses = (await Promise.all([send(), send(), send()])).map(({ status }) => status);
  expect(statuses).toEqual([202, 202, 202]);
  await until(
    async () =>
      (await jetstreamManager(whoosh.nats)).streams
        .info('WHOOSH_INBOX')
        .then(({ state }) => state.messages === 0),
    { describe: 'the inbox is worked off' },
  );
  expect(await rows('select count(*)::int as n from tasks where number = $1', brief)).toEqual([{ n: 1 }]);
  const task = await taskOf(whoosh, brief);
  expect(await councilsOf(whoosh, task!.id)).toHaveLength(1);
  expect(await teamsOf(whoosh, (await taskOf(whoosh, work))!.id)).toHaveLength(1);
  expect(
    await rows(
      'select role, count(*)::int as n from deployments group by owner_id, role having count(*) > 1',
    ),
  ).toEqual([]);
  const opened = (await storedEvents(whoosh)).filter(
    ({ type, subject }) => type === 'whoosh.task.opened.v1' && subject === task!.id,
  );
  expect(opened).toHaveLength(1);
});

test('a delivery with a wrong signature is refused, and nothing of it is stored', async () => {
  const jsm = await jetstreamManager(whoosh.nats);
  const before = (await jsm.streams.info('WHOOSH_INBOX')).state.last_seq;
  const response = await fetch(`${whoosh.run.file().gateway}/webhooks/gitea`, {
    method: 'POST',
    body: '{}',
    headers: {
      'content-type': 'application/json',
      'x-gitea-event': 'issues',
      'x-gitea-delivery': randomUUID(),
      'x-gitea-signature': 'f'.repeat(64),
    },
  });
  expect(response.status).toBe(401);
  expect((await jsm.streams.info('WHOOSH_INBOX')).state.last_seq).toBe(before);
});

test('closing the work ends its team and takes its agents down', async () => {
  await whoosh.gitea.edit(REPOSITORY, work, { state: 'closed' });
  const team = await teamBecomes(whoosh, work, ['completed'], 60_000);
  await until(
    async () => (await deploymentsOf(whoosh, team.id)).every(({ status }) => status === 'removed'),
    { timeoutMs: 60_000, describe: 'the agents of the team are removed' },
  );
  expect((await taskOf(whoosh, work))?.status).toBe('completed');
}, 150_000);

describe('who may do what', () => {
  test.each([
    { name: 'no token', token: () => undefined, method: 'GET', path: '/api/v1/tasks', status: 401 },
    {
      name: 'a token that is none',
      token: () => 'nonsense',
      method: 'GET',
      path: '/api/v1/tasks',
      status: 401,
    },
    {
      name: 'a user who adds a repository',
      token: () => whoosh.run.file().tokens.user,
      method: 'POST',
      path: '/api/v1/repositories',
      status: 403,
    },
    {
      name: 'a user who looks',
      token: () => whoosh.run.file().tokens.user,
      method: 'GET',
      path: '/api/v1/tasks',
      status: 200,
    },
    {
      name: 'anybody who asks for health',
      token: () => undefined,
      method: 'GET',
      path: '/health',
      status: 200,
    },
  ])('$name gets $status', async ({ token, method, path, status }) => {
    const answer = await whoosh.rest
      .as(token())
      .send(method, path, method === 'POST' ? { full_name: 'acme/storefront' } : undefined);
    expect(answer.status).toBe(status);
  });
});
