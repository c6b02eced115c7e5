import { describe, expect, test } from 'vitest';
import { CALLS, ERRORS } from '@whoosh/contracts';
import { ACCESS } from '../domain/access.ts';
import { ROUTES } from '../routes/table.ts';
import { splitRequest } from '../routes/route.ts';
import { openApiDocument } from './openapi.ts';
import { EXTRA_PATHS } from './openapi-extra.ts';

type Json = Record<string, unknown>;
const document = openApiDocument(ROUTES, '1.2.3');
const paths = document['paths'] as Record<string, Record<string, Json>>;
const schemas = (document['components'] as { schemas: Record<string, Json> }).schemas;

function everyRef(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(everyRef);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' ? [String(inner)] : everyRef(inner),
  );
}

describe('the table of routes', () => {
  test('names every path and method once, and every operation', () => {
    const lines = ROUTES.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(lines).size).toBe(lines.length);
    expect(new Set(ROUTES.map(({ operation }) => operation)).size).toBe(ROUTES.length);
  });

  test.each(
    ROUTES.map((route): [string, (typeof ROUTES)[number]] => [`${route.method} ${route.path}`, route]),
  )('%s names its path parameters in the path, and all of them', (_name, route) => {
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(inPath.toSorted()).toEqual(Object.keys(route.params ?? {}).toSorted());
    expect(() => splitRequest(route)).not.toThrow();
    expect(ACCESS[route.who]).toBeDefined();
  });

  test('reaches every call that another service answers for people and agents', () => {
    const reached = new Set(
      ROUTES.flatMap(({ answer }) => (answer.by === 'call' ? [answer.contract.name] : [])),
    );
    const unreached = CALLS.map(({ name }) => name).filter((name) => !reached.has(name));
    // The two statuses are in the gateway's own; operators reach windows over the admin port of reverb.
    expect(unreached.toSorted()).toEqual(['reverb.status', 'status.get', 'window.get', 'window.list']);
  });

  test('lets nobody write without a role that may', () => {
    const writes = ROUTES.filter(({ method, operation }) => method !== 'get' && operation !== 'analyzeTask');
    for (const { who, operation } of writes) expect([operation, who]).not.toEqual([operation, 'any']);
  });
});

describe('the OpenAPI document', () => {
  test('has every route of the table, and nothing else but the few that are not in it', () => {
    const described = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    const extra = Object.entries(EXTRA_PATHS).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    expect(described.toSorted()).toEqual(
      [...ROUTES.map(({ method, path }) => `${method} ${path}`), ...extra].toSorted(),
    );
  });

  test('points at nothing that it does not have', () => {
    const refs = everyRef(document);
    expect(refs.length).toBeGreaterThan(ROUTES.length);
    for (const ref of refs) {
      expect(ref).toMatch(/^#\/components\/schemas\//);
      expect(schemas).toHaveProperty([ref.slice('#/components/schemas/'.length)]);
    }
  });

  test('names the views once', () => {
    for (const name of [
      'Repository',
      'Task',
      'Council',
      'Team',
      'Agent',
      'Deployment',
      'DeadLetter',
      'Error',
    ]) {
      expect(schemas).toHaveProperty(name);
    }
    expect(JSON.stringify(paths['/api/v1/councils/{councilID}']?.['get'])).toContain(
      '#/components/schemas/Council"',
    );
  });

  test('says of the tempo who may change it, what refuses it with which range, and that no key is kept for it', () => {
    const set = paths['/api/v1/backbeat/tempo']?.['post'] as {
      description: string;
      parameters: Json[];
      responses: Json;
    };
    expect(Object.keys(set.responses)).toEqual([
      '202',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '429',
      '500',
      '503',
      '504',
    ]);
    expect(set.responses['409']).toMatchObject({
      content: {
        'application/json': {
          examples: { conflict: { value: { details: { code: 'conflict', min_bpm: 108, max_bpm: 132 } } } },
        },
      },
    });
    expect([set.description, set.parameters]).toEqual([expect.stringContaining('admin'), []]);
    const cancel = paths['/api/v1/backbeat/ramp']?.['delete'] as { parameters: Json[]; responses: Json };
    expect(Object.keys(cancel.responses)).toEqual(['200', '401', '403', '429', '500', '503', '504']);
    const reports = paths['/api/v1/backbeat/reports']?.['get'] as { parameters: Json[]; responses: Json };
    expect(reports.parameters.map(({ name }) => name)).toEqual(['limit', 'before_beat', 'before_epoch']);
    expect(Object.keys(reports.responses)).toContain('400');
  });

  test('says what may be sent, and that no more may', () => {
    const add = paths['/api/v1/repositories']?.['post'] as {
      requestBody: Json;
      parameters: Json[];
      responses: Json;
    };
    expect(add.requestBody).toMatchObject({
      required: true,
      content: { 'application/json': { schema: { additionalProperties: false, required: ['full_name'] } } },
    });
    expect(add.parameters).toMatchObject([{ name: 'Idempotency-Key', in: 'header' }]);
    expect(Object.keys(add.responses)).toEqual([
      '201',
      '400',
      '401',
      '403',
      '404',
      '409',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
      '504',
    ]);
    const update = paths['/api/v1/repositories/{repoID}']?.['put'] as {
      requestBody: { content: Json };
      parameters: Json[];
    };
    expect(update.parameters).toMatchObject([
      { name: 'repoID', in: 'path', required: true, schema: { format: 'uuid' } },
    ]);
    expect(JSON.stringify(update.requestBody)).not.toContain('"id"');
    const list = paths['/api/v1/tasks']?.['get'] as { parameters: Json[] };
    expect(list.parameters.map(({ name }) => name)).toEqual([
      'limit',
      'cursor',
      'repository_id',
      'status',
      'kind',
    ]);
  });

  test('offers an idempotency key exactly where the owner of the call keeps it', () => {
    const offered = Object.values(paths).flatMap((item) =>
      Object.values(item).flatMap((operation) => {
        const offers = JSON.stringify(operation['parameters'] ?? []).includes('"Idempotency-Key"');
        const refuses = JSON.stringify(operation['responses']).includes('idempotency_mismatch');
        expect([operation['operationId'], refuses]).toEqual([operation['operationId'], offers]);
        return offers ? [String(operation['operationId'])] : [];
      }),
    );
    const kept = new Set(CALLS.filter((call) => call.keepsKey));
    const owned = ROUTES.filter(({ answer }) => answer.by === 'call' && kept.has(answer.contract));
    expect(offered.toSorted()).toEqual(owned.map(({ operation }) => operation).toSorted());
    expect(new Set(owned.map(({ answer }) => answer.by === 'call' && answer.contract))).toEqual(kept);
    for (const never of [
      'registerAgent',
      'syncRepository',
      'ensureLabels',
      'analyzeTask',
      'replayDeadLetter',
    ]) {
      expect(offered).not.toContain(never);
    }
  });

  test('shows examples that are what the schemas take, for failures that the route has', () => {
    const shown = ROUTES.filter(({ examples }) => examples !== undefined);
    expect(shown.map(({ operation }) => operation)).toEqual(['setTempo', 'cancelRamp']);
    for (const { path, method, request, reply, examples } of shown) {
      if (examples?.request) expect(request.parse(examples.request)).toEqual(examples.request);
      if (examples?.reply) expect(reply.parse(examples.reply)).toEqual(examples.reply);
      const responses = JSON.stringify(paths[path]?.[method]?.['responses']);
      for (const { error } of Object.values(examples?.refusals ?? {})) {
        expect(responses).toContain(JSON.stringify(error));
      }
    }
  });

  test('knows every code', () => {
    const codes = JSON.stringify(schemas['Error']);
    for (const code of Object.keys(ERRORS)) expect(codes).toContain(`"${code}"`);
  });
});
