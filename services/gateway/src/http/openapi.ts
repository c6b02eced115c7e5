import * as z from 'zod';
import {
  agents,
  backbeat,
  councils,
  deployments,
  ERRORS,
  repositories,
  tasks,
  teams,
  type ErrorCode,
} from '@whoosh/contracts';
import { ACCESS } from '../domain/access.ts';
import { httpStatus, type HttpCode } from '../domain/failure.ts';
import { BackbeatStatus } from '../routes/backbeat.ts';
import { DeadLetter } from '../routes/dead-letters.ts';
import { inputOf, keepsKey, splitRequest, type Route } from '../routes/route.ts';
import { EXTRA_PATHS } from './openapi-extra.ts';

type Json = Record<string, unknown>;

/** Views that get a name of their own in the document; everything else is written where it is used. */
const NAMED = {
  Repository: repositories.RepositoryView,
  SyncLogEntry: repositories.SyncLogEntry,
  Task: tasks.TaskView,
  TaskWithBody: tasks.TaskWithBody,
  Council: councils.CouncilView,
  Artifact: councils.ArtifactView,
  ArtifactWithContent: councils.ArtifactWithContent,
  Team: teams.TeamView,
  TaskAnalysis: teams.TaskAnalysis,
  CandidateScore: teams.CandidateScore,
  CompositionDecision: teams.CompositionDecision,
  Agent: agents.AgentView,
  Deployment: deployments.DeploymentView,
  BarReport: backbeat.BarReport,
  BackbeatStatus,
  DeadLetter,
} as const;

/** Failures that any route behind a token may answer with. */
const ALWAYS: readonly HttpCode[] = [
  'unauthenticated',
  'rate_limited',
  'internal',
  'unavailable',
  'deadline_exceeded',
];

/** The OpenAPI 3.1 document, made from the same table and the same schemas as the router. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id });
  const components: Record<string, unknown> = { Error: ERROR_SCHEMA };
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
    const { $defs = {}, $schema: _, ...root } = z.toJSONSchema(schema, { metadata: registry, io }) as Json;
    Object.assign(components, pointedAtComponents($defs));
    return pointedAtComponents(root) as Json;
  };

  const paths: Record<string, Json> = { ...EXTRA_PATHS };
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route, schemaOf) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'WHOOSH',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set([...routes.map(({ tag }) => tag), 'events', 'health', 'webhooks'])].map((name) => ({
      name,
    })),
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A JWT (HS256: user_id, role, iat, exp) or a service token',
        },
      },
    },
    security: [{ bearer: [] }],
  };
}

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => Json;

function operationOf(route: Route, schemaOf: SchemaOf): Json {
  const { fromPath, fromInput } = splitRequest(route);
  const isBody = inputOf(route) === 'body';
  const fields = Object.keys(fromInput.shape);
  const pathNames = Object.entries(route.params ?? {});
  const parameters = [
    ...pathNames.map(([name, field]) => parameter(name, 'path', propertyOf(fromPath, field, schemaOf), true)),
    ...(isBody
      ? []
      : fields.map((name) =>
          parameter(name, 'query', propertyOf(fromInput, name, schemaOf), isRequired(fromInput, name)),
        )),
    ...(keepsKey(route) ? [IDEMPOTENCY_KEY] : []),
  ];
  const hasBody = isBody && fields.length > 0;
  return {
    operationId: route.operation,
    tags: [route.tag],
    summary: route.description,
    description: `Who: ${ACCESS[route.who].says}.`,
    parameters,
    ...(hasBody && {
      requestBody: {
        required: fields.some((name) => isRequired(fromInput, name)),
        content: {
          'application/json': {
            schema: bodySchema(route, fromInput, schemaOf),
            ...(route.examples?.request && { example: route.examples.request }),
          },
        },
      },
    }),
    responses: { [String(route.status ?? 200)]: success(route, schemaOf), ...failures(route) },
  };
}

function bodySchema(route: Route, fromInput: z.ZodObject, schemaOf: SchemaOf): Json {
  const schema = schemaOf(fromInput, 'input');
  if (!route.lenient) return schema;
  const { additionalProperties: _, ...open } = schema;
  return open;
}

function success(route: Route, schemaOf: SchemaOf): Json {
  // Inside another object, so that a named view becomes a reference.
  const { properties } = schemaOf(z.object({ data: route.reply }), 'output');
  return {
    description: route.message,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['status', 'data', 'message'],
          properties: { status: { const: 'success' }, ...(properties as Json), message: { type: 'string' } },
        },
        ...(route.examples?.reply && {
          example: { status: 'success', data: route.examples.reply, message: route.message },
        }),
      },
    },
  };
}

function failures(route: Route): Json {
  const codes = new Set<HttpCode>([...ALWAYS, ...route.errors]);
  if (ACCESS[route.who].roles.length < ACCESS.any.roles.length) codes.add('permission_denied');
  if (Object.keys(route.request.shape).length > 0) codes.add('invalid_argument');
  if (inputOf(route) === 'body') codes.add('unsupported_media_type').add('too_large');
  if (keepsKey(route)) codes.add('idempotency_mismatch');
  const byStatus = new Map<number, HttpCode[]>();
  for (const code of codes) byStatus.set(httpStatus(code), [...(byStatus.get(httpStatus(code)) ?? []), code]);
  return Object.fromEntries(
    [...byStatus]
      .toSorted(([a], [b]) => a - b)
      .map(([status, names]) => [
        String(status),
        {
          description: names.join(', '),
          content: {
            'application/json': {
              schema: { $ref: '#/components/schemas/Error' },
              ...refusalExamples(route, names),
            },
          },
        },
      ]),
  );
}

function refusalExamples({ examples }: Route, codes: readonly HttpCode[]): Json {
  const shown = codes.flatMap((code) => {
    const refusal = examples?.refusals?.[code as ErrorCode];
    if (refusal === undefined) return [];
    const { error, details = {} } = refusal;
    return [[code, { value: { status: 'error', error, details: { ...details, code } } }] as const];
  });
  return shown.length === 0 ? {} : { examples: Object.fromEntries(shown) };
}

function parameter(name: string, where: 'path' | 'query', schema: unknown, required: boolean): Json {
  return { name, in: where, required, schema };
}

function propertyOf(schema: z.ZodObject, field: string, schemaOf: SchemaOf): unknown {
  return (schemaOf(schema, 'input')['properties'] as Json | undefined)?.[field] ?? {};
}

function isRequired(schema: z.ZodObject, field: string): boolean {
  const one = schema.shape[field] as z.ZodType | undefined;
  return one !== undefined && !one.safeParse(undefined).success;
}

/** zod points at `#/$defs/X`; in this document the named schemas live among the components. */
function pointedAtComponents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pointedAtComponents);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (key === 'id' && typeof inner === 'string' && inner in NAMED) return [];
      if (key === '$ref' && typeof inner === 'string') {
        return [[key, inner.replace('#/$defs/', '#/components/schemas/')]];
      }
      return [[key, pointedAtComponents(inner)]];
    }),
  );
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'The same key with the same body gets the same answer for 24 hours; with another body it is refused',
  schema: { type: 'string', maxLength: 200 },
};

const ERROR_SCHEMA = {
  type: 'object',
  required: ['status', 'error', 'details'],
  properties: {
    status: { const: 'error' },
    error: { type: 'string', description: 'A sentence for people; not part of the interface' },
    details: {
      type: 'object',
      required: ['code'],
      properties: {
        code: {
          type: 'string',
          enum: [
            ...(Object.keys(ERRORS) as ErrorCode[]),
            'unsupported_media_type',
            'method_not_allowed',
            'idempotency_mismatch',
          ],
        },
      },
    },
  },
};

const DESCRIPTION =
  'WHOOSH turns an issue into a working team of AI agents, in step by BACKBEAT. Lists take `limit` and `cursor` and return ' +
  '`data.items` and `data.next_cursor`. Every answer carries `X-Request-ID`.';
