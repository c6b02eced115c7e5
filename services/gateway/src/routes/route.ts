import * as z from 'zod';
import { assert } from '@whoosh/stdx';
import { type CallContract, type ErrorCode } from '@whoosh/contracts';
import { type Access } from '../domain/access.ts';
import { type Desk } from '../desk.ts';

export type Method = 'get' | 'post' | 'put' | 'delete';

/** What a route needs of the request line and body, and what it says when it worked. */
export interface RouteForm {
  readonly method: Method;
  /** With `{name}` for path parameters, as OpenAPI writes it. */
  readonly path: string;
  readonly who: Access;
  readonly tag: string;
  /** The operation's name in the OpenAPI document. */
  readonly operation: string;
  /** Path parameter to field of the request. */
  readonly params?: Readonly<Record<string, string>>;
  readonly status?: 200 | 201 | 202;
  readonly message: string;
  /** Unknown fields of the body are ignored and counted rather than refused: agents of others send more. */
  readonly lenient?: true;
  readonly examples?: RouteExamples;
}

/** What the OpenAPI document shows; a test holds each to its schema. */
export interface RouteExamples {
  readonly request?: Readonly<Record<string, unknown>>;
  readonly reply?: Readonly<Record<string, unknown>>;
  /** What goes wrong in a way that a caller should handle: the sentence and its details. */
  readonly refusals?: Readonly<
    Partial<
      Record<ErrorCode, { readonly error: string; readonly details?: Readonly<Record<string, unknown>> }>
    >
  >;
}

/** One line of the table: everything that the router and the OpenAPI document are made of. */
export interface Route extends RouteForm {
  readonly description: string;
  readonly request: z.ZodObject;
  readonly reply: z.ZodType;
  readonly errors: readonly ErrorCode[];
  /** A call is answered by another service; otherwise the gateway answers by itself. */
  readonly answer:
    | { readonly by: 'call'; readonly contract: CallContract; readonly perCluster: boolean }
    | { readonly by: 'gateway'; readonly handle: (request: never, desk: Desk) => Promise<unknown> };
}

/** A route that turns into one call. The request is validated by the very schema that the callee validates by. */
export function callRoute<Request, Reply>(
  form: RouteForm,
  contract: CallContract<Request, Reply, string>,
): Route {
  return {
    ...form,
    ...describe(contract, form.path),
    errors: contract.errors,
    answer: {
      by: 'call',
      contract: contract as CallContract<unknown, unknown>,
      perCluster: contract.subject.pattern.includes('{cluster}'),
    },
  };
}

/** A route that the gateway answers by itself, from what it hears and keeps anyway. */
export function ownRoute<Request extends z.ZodObject, Reply extends z.ZodType>(
  form: RouteForm,
  own: {
    readonly description: string;
    readonly request: Request;
    readonly reply: Reply;
    readonly errors?: readonly ErrorCode[];
    readonly handle: (request: z.output<Request>, desk: Desk) => Promise<z.input<Reply>>;
  },
): Route {
  const { description, request, reply, errors = [], handle } = own;
  return { ...form, description, request, reply, errors, answer: { by: 'gateway', handle } };
}

function describe(
  contract: { request: z.ZodType; reply: z.ZodType; description: string; name: string },
  path: string,
) {
  assert(contract.request instanceof z.ZodObject, `the request of ${contract.name} (${path}) is an object`);
  return { request: contract.request, reply: contract.reply, description: contract.description };
}

/** Where the fields of a request come from that are not in the path. */
export function inputOf(route: Route): 'query' | 'body' {
  return route.method === 'get' || route.method === 'delete' ? 'query' : 'body';
}

/** Whether the same `Idempotency-Key` again has no second effect: the owner of the call keeps it, and the gateway none. */
export function keepsKey({ answer }: Route): boolean {
  return answer.by === 'call' && answer.contract.keepsKey;
}

const NO_FIELDS = z.strictObject({});

/** The part of the request's schema that the path gives, and the part that query or body give. */
export function splitRequest(route: Route): { fromPath: z.ZodObject; fromInput: z.ZodObject } {
  const fields = Object.values(route.params ?? {});
  // Whole, so that it keeps the rules between its fields; a schema that has such cannot be divided.
  if (fields.length === 0) return { fromPath: NO_FIELDS, fromInput: route.request };
  for (const field of fields) assert(field in route.request.shape, `${route.path} names the field ${field}`);
  const mask: Record<string, true> & Record<number, never> = {};
  for (const field of fields) mask[field] = true;
  return { fromPath: route.request.pick(mask), fromInput: route.request.omit(mask) };
}
