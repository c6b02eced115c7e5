import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  agents,
  backbeat,
  CallError,
  councils,
  type Principal,
  repositories,
  tasks,
} from '@whoosh/contracts';
import { CLUSTER, runGateway, SERVICE_TOKEN, token, type RunningGateway } from './running-gateway.ts';

let run: RunningGateway;
let admin: string;
let user: string;
let agent: string;
const asked: { call: string; request: unknown; principal: Principal | undefined; key: string | undefined }[] =
  [];
const REPOSITORY_ID = '0190f3a0-0000-7000-8000-000000000001';

const repository = (id = REPOSITORY_ID): repositories.RepositoryView => ({
  id,
  gitea_id: 7,
  full_name: 'acme/orders',
  owner: 'acme',
  name: 'orders',
  url: 'http://gitea.example.com/acme/orders',
  default_branch: 'main',
  monitor_issues: true,
  chorus_labels_only: true,
  sync_status: 'active',
  sync_error: null,
  webhook: 'installed',
  last_issue_sync: null,
  last_sync_at: null,
  removed_at: null,
  revision: 1,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
});

beforeAll(async () => {
  run = await runGateway();
  [admin, user, agent] = await Promise.all([token('admin'), token('user'), token('agent')]);
  const { other } = run;
  const note = (
    call: string,
    request: unknown,
    context: { principal?: Principal; idempotencyKey?: string },
  ) => asked.push({ call, request, principal: context.principal, key: context.idempotencyKey });
  other.serve(repositories.listRepositories, async (request, context) => {
    note('list', request, context);
    return Promise.resolve({ items: [repository()], next_cursor: 'more' });
  });
  other.serve(repositories.addRepository, async (request, context) => {
    note('add', request, context);
    if (request.full_name === 'acme/twice') throw new CallError('conflict', 'it is monitored already');
    if (request.full_name === 'acme/key') {
      throw new CallError('failed_precondition', 'another body', {
        details: { code: 'idempotency_mismatch' },
      });
    }
    return Promise.resolve(repository());
  });
  other.serve(repositories.updateRepository, async (request, context) => {
    note('update', request, context);
    return Promise.resolve(repository(request.id));
  });
  other.serve(repositories.syncRepository, async (request, context) => {
    note('sync', request, context);
    return Promise.resolve({ repository: repository(request.id), issues_seen: 1, issues_changed: 0 });
  });
  other.serve(tasks.listTasks, async (request, context) => {
    note('tasks', request, context);
    return Promise.resolve({ items: [], next_cursor: null });
  });
  other.serve(tasks.getTask, async () => {
    throw new Error('select password from users');
  });
  other.serve(councils.claimRole, async (request, context) => {
    note('claim', request, context);
    throw new CallError('taken', 'the seat is taken', { details: { agent_id: 'rival' } });
  });
  other.serve(agents.registerAgent, async (request, context) => {
    note('register', request, context);
    throw new CallError('permission_denied', 'not wanted');
  });
  other.serveAt(backbeat.listReports.subject.at({ cluster: CLUSTER }), backbeat.listReports, async () =>
    Promise.resolve({ items: [], next_before_beat: null }),
  );
  await other.flush();
});
afterAll(() => run[Symbol.asyncDispose]());

const lastAsked = () => asked.at(-1);

describe('a question goes through the bus and comes back', () => {
  test('with the envelope, the principal, defaults and numbers', async () => {
    const answer = await run.fetch('/api/v1/repositories?limit=7&sync_status=active', { token: user });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      status: 'success',
      data: { items: [repository()], next_cursor: 'more' },
      message: expect.any(String),
    });
    expect(lastAsked()).toMatchObject({
      call: 'list',
      request: { limit: 7, sync_status: 'active' },
      principal: { kind: 'user', id: 'test-user', role: 'user' },
    });
  });

  test('with 201 and the key of a POST', async () => {
    const answer = await run.fetch('/api/v1/repositories', {
      method: 'POST',
      token: admin,
      json: { full_name: 'acme/orders' },
      headers: { 'Idempotency-Key': 'once' },
    });
    expect(answer.status).toBe(201);
    expect(lastAsked()).toMatchObject({ call: 'add', key: 'once', request: { monitor_issues: true } });
  });

  test('without the key where nobody keeps it', async () => {
    const path = `/api/v1/repositories/${REPOSITORY_ID}/sync`;
    const headers = { 'Idempotency-Key': 'once' };
    const answer = await run.fetch(path, { method: 'POST', token: admin, headers });
    expect([answer.status, lastAsked()?.call, lastAsked()?.key]).toEqual([200, 'sync', undefined]);
  });

  test('with the path for what the path names', async () => {
    await run.fetch(`/api/v1/repositories/${REPOSITORY_ID}`, {
      method: 'PUT',
      token: admin,
      json: { enabled: false },
    });
    expect(lastAsked()?.request).toEqual({ id: REPOSITORY_ID, enabled: false });
    await run.fetch(`/api/v1/projects/${REPOSITORY_ID}/tasks?kind=brief`, { token: user });
    expect(lastAsked()?.request).toEqual({ repository_id: REPOSITORY_ID, kind: 'brief', limit: 50 });
  });

  test('without a body where none is needed', async () => {
    const answer = await run.fetch(`/api/v1/repositories/${REPOSITORY_ID}/sync`, {
      method: 'POST',
      token: admin,
    });
    expect([answer.status, lastAsked()?.request]).toEqual([200, { id: REPOSITORY_ID, full: false }]);
  });

  test('to the cluster it belongs to', async () => {
    const answer = await run.fetch('/api/v1/backbeat/reports?limit=3', { token: user });
    expect([answer.status, answer.body.data]).toEqual([200, { items: [], next_before_beat: null }]);
  });
});

describe('who may what', () => {
  const expired = () => token('admin', { exp: 1_000_000 });
  const foreign = () => token('admin', {}, 'another-secret-of-at-least-32-characters');
  const add = { method: 'POST', json: { full_name: 'acme/orders' } };

  test.each<
    [string, () => string | undefined | Promise<string>, string, RequestInit & { json?: unknown }, number]
  >([
    ['nobody', () => undefined, '/api/v1/repositories', {}, 401],
    ['a made-up token', () => 'nonsense', '/api/v1/repositories', {}, 401],
    ['a token of another secret', foreign, '/api/v1/repositories', {}, 401],
    ['an expired token', expired, '/api/v1/repositories', {}, 401],
    ['a user who adds', () => user, '/api/v1/repositories', add, 403],
    ['a service that adds', () => SERVICE_TOKEN, '/api/v1/repositories', add, 403],
    ['an admin who adds', () => admin, '/api/v1/repositories', add, 201],
    ['a service that reads', () => SERVICE_TOKEN, '/api/v1/repositories', {}, 200],
    ['an agent that reads', () => agent, '/api/v1/repositories', {}, 200],
    ['an admin who ingests', () => admin, '/api/v1/tasks/ingest', { method: 'POST', json: {} }, 403],
    ['a user at the dead letters', () => user, '/api/v1/dead-letters', {}, 403],
    ['an admin at the dead letters', () => admin, '/api/v1/dead-letters', {}, 200],
    ['a user at the details', () => user, '/admin/health/details', {}, 403],
    ['nobody at the details', () => undefined, '/admin/health/details', {}, 401],
    ['a join token elsewhere', () => 'f'.repeat(64), '/api/v1/agents', {}, 401],
  ])('%s: %#', async (_name, bearer, path, init, status) => {
    const answer = await run.fetch(path, { ...init, token: await bearer() });
    expect(answer.status).toBe(status);
    if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('a join token is good for registering, and only its digest travels', async () => {
    const answer = await run.fetch('/api/v1/agents/register', {
      method: 'POST',
      token: 'f'.repeat(64),
      json: { agent_id: 'a-1', capabilities: ['x'], favourite_colour: 'green' },
    });
    expect([answer.status, answer.body.details.code]).toEqual([403, 'permission_denied']);
    expect(lastAsked()).toMatchObject({
      request: { agent_id: 'a-1', capabilities: ['x'] },
      principal: { kind: 'join', role: 'none', token_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(await run.registry.metrics()).toMatch(
      /gateway_unknown_fields_total\{route="\/api\/v1\/agents\/register".*\} 1/,
    );
  });
});

describe('what is not right is said', () => {
  const post = (json: unknown, init: RequestInit = {}) =>
    run.fetch('/api/v1/repositories', { method: 'POST', token: admin, json, ...init });

  test.each<[string, unknown, string]>([
    ['an unknown field', { full_name: 'acme/orders', owner: 'eve' }, 'owner'],
    ['the id in the body', { full_name: 'acme/orders', id: REPOSITORY_ID }, 'id'],
    ['a missing field', {}, 'full_name'],
    ['a wrong type', { full_name: 'acme/orders', monitor_issues: 'yes' }, 'monitor_issues'],
    ['an owner that leads elsewhere', { full_name: '../user' }, 'full_name'],
    ['a name that leads elsewhere', { full_name: 'acme/..' }, 'full_name'],
    ['a dot for a name', { full_name: './orders' }, 'full_name'],
  ])('%s', async (_name, json, field) => {
    const answer = await post(json);
    expect([answer.status, answer.body.details.code]).toEqual([400, 'invalid_argument']);
    expect(answer.body.details.fields).toEqual([{ field, problem: expect.any(String) }]);
  });

  test.each([
    ['/api/v1/repositories/not-a-uuid', 400],
    ['/api/v1/repositories?limit=201', 400],
    ['/api/v1/repositories?limit=many', 400],
    ['/api/v1/repositories?limit=1&limit=2', 400],
    ['/api/v1/repositories?color=green', 400],
    ['/api/v1/dead-letters/nonsense', 405],
    ['/api/v1/nothing', 404],
    ['/api/v1/repositories/%E0%A4%A', 400],
  ])('%s: %d', async (path, status) => {
    expect((await run.fetch(path, { token: admin })).status).toBe(status);
  });

  test('no JSON, a list, another type, too much', async () => {
    const raw = (body: string, type = 'application/json') =>
      run.fetch('/api/v1/repositories', {
        method: 'POST',
        token: admin,
        body,
        headers: { 'Content-Type': type },
      });
    const answers = [
      await raw('{"full_name":'),
      await raw('[]'),
      await raw('full_name=acme/orders', 'application/x-www-form-urlencoded'),
      await raw(`{"full_name":"${'x'.repeat(1024 * 1024)}"}`),
      await raw(`${'['.repeat(400_000)}${']'.repeat(400_000)}`),
      await raw(`{"full_name":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}`),
    ];
    expect(answers.map(({ status, body }) => [status, body.details.code])).toEqual([
      [400, 'invalid_argument'],
      [400, 'invalid_argument'],
      [415, 'unsupported_media_type'],
      [413, 'too_large'],
      [400, 'invalid_argument'],
      [400, 'invalid_argument'],
    ]);
  });

  test('a method that the path does not take', async () => {
    const answer = await run.fetch('/api/v1/repositories', { method: 'DELETE', token: admin });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST, OPTIONS']);
  });

  test('what the callee says, with its details', async () => {
    const taken = await run.fetch(`/api/v1/councils/${REPOSITORY_ID}/claims`, {
      method: 'POST',
      token: agent,
      json: { agent_id: 'test-agent', role: 'eng-lead', capabilities: [] },
    });
    expect([taken.status, taken.body]).toEqual([
      409,
      { status: 'error', error: expect.any(String), details: { code: 'taken', agent_id: 'rival' } },
    ]);
    expect((await post({ full_name: 'acme/twice' })).status).toBe(409);
    const mismatch = await post({ full_name: 'acme/key' });
    expect([mismatch.status, mismatch.body.details.code]).toEqual([422, 'idempotency_mismatch']);
  });

  test('a broken service tells nothing of itself', async () => {
    const answer = await run.fetch(`/api/v1/tasks/${REPOSITORY_ID}`, { token: user });
    expect([answer.status, answer.body.details.code]).toEqual([500, 'internal']);
    expect(answer.text).not.toContain('password');
  });

  test('a service that is away: 503 at once, with a word when to come back', async () => {
    const answer = await run.fetch('/api/v1/deployments', { token: user });
    expect([answer.status, answer.body.details.code]).toEqual([503, 'unavailable']);
    expect(answer.headers.get('retry-after')).toBe('2');
  });

  test('a service that never answers: 504, not a hang', async () => {
    const { other } = run;
    other.connection.subscribe(agents.getAgent.subject.pattern, { callback: () => undefined });
    await other.flush();
    const answer = await run.fetch('/api/v1/agents/somebody', { token: user });
    expect([answer.status, answer.body.details.code]).toEqual([504, 'unavailable']);
  });

  test('a broker that is away: 503 or 504, and health says so', async () => {
    await using alone = await runGateway();
    await alone.nats.kill('SIGKILL');
    const answer = await alone.fetch('/api/v1/agents', { token: user });
    expect([503, 504]).toContain(answer.status);
    expect(answer.body.details.code).toBe('unavailable');
    expect((await alone.fetch('/health')).status).toBe(200);
    const ready = await alone.fetch('/health/ready');
    expect(ready.status).toBe(503);
  });
});

describe('the pages', () => {
  test('the API is described, and its page shows nothing of anybody else', async () => {
    const document = await run.fetch('/openapi.json');
    expect([document.status, document.body.openapi, document.body.info.version]).toEqual([
      200,
      '3.1.0',
      '1.2.3',
    ]);
    const page = await run.fetch('/docs');
    expect([page.status, page.headers.get('content-security-policy')]).toEqual([
      200,
      "default-src 'self';img-src 'self' data:",
    ]);
    const used = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(used.length).toBeGreaterThan(2);
    for (const path of used) expect([path, (await run.fetch(path)).status]).toEqual([path, 200]);
    expect((await run.fetch('/docs/package.json')).status).toBe(404);
  });

  test('a page that is not built is said to be not built', async () => {
    const answer = await run.fetch('/');
    expect([answer.status, answer.body.error]).toEqual([404, expect.stringContaining('make page')]);
    expect((await run.fetch('/../../package.json')).status).toBe(404);
  });
});

describe('every answer', () => {
  test('carries the security headers', async () => {
    for (const path of ['/health', '/api/v1/nothing', '/openapi.json']) {
      const { headers } = await run.fetch(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'x-xss-protection': '1; mode=block',
        'content-security-policy': "default-src 'self'",
        'x-request-id': expect.stringMatching(/^.{8,}$/),
      });
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  test("carries the caller's request id when it is harmless", async () => {
    const id = `test-${randomUUID()}`;
    const given = await run.fetch('/health', { headers: { 'X-Request-ID': id } });
    expect(given.headers.get('x-request-id')).toBe(id);
    const hostile = await run.fetch('/health', { headers: { 'X-Request-ID': '<script>' } });
    expect(hostile.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('tells the allowed origins, and no others, that they may read it', async () => {
    const preflight = (origin: string) =>
      run.fetch('/api/v1/repositories', {
        method: 'OPTIONS',
        headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT' },
      });
    const ours = await preflight('http://localhost:3000');
    expect([ours.status, Object.fromEntries(ours.headers)]).toMatchObject([
      204,
      {
        'access-control-allow-origin': 'http://localhost:3000',
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET,POST,PUT,DELETE,OPTIONS',
        'access-control-max-age': '300',
      },
    ]);
    const theirs = await preflight('http://evil.example');
    expect(theirs.headers.get('access-control-allow-origin')).toBeNull();
  });
});
