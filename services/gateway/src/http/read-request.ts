import { type Request } from 'express';
import type * as z from 'zod';
import { HttpRefusal } from '../domain/failure.ts';
import { coerceTexts, complaintsOf } from '../domain/coerce.ts';
import { inputOf, splitRequest, type Route } from '../routes/route.ts';

/** Builds the request of a route out of path, query and body, checked by the schema that the callee checks by. */
export function requestReader(route: Route, onUnknownField: (field: string) => void) {
  const { fromPath, fromInput } = splitRequest(route);
  const input = inputOf(route);
  const params = Object.entries(route.params ?? {});

  return (request: Request): unknown => {
    const path = Object.fromEntries(params.map(([name, field]) => [field, request.params[name]]));
    const known = check(fromPath, coerceTexts(fromPath, path), 'path');
    const given =
      input === 'query' ? coerceTexts(fromInput, singleTexts(request)) : bodyOf(request, route, fromInput);
    return { ...check(fromInput, given, input), ...known };
  };

  function bodyOf(request: Request, { lenient }: Route, schema: z.ZodObject): Record<string, unknown> {
    const body: unknown = request.body;
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new HttpRefusal('invalid_argument', 'The body must be a JSON object.');
    }
    if (!lenient) return { ...body };
    const entries = Object.entries(body);
    for (const [name] of entries) if (!Object.hasOwn(schema.shape, name)) onUnknownField(name);
    return Object.fromEntries(entries.filter(([name]) => Object.hasOwn(schema.shape, name)));
  }
}

function singleTexts(request: Request): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.query)) {
    if (typeof value !== 'string')
      throw new HttpRefusal('invalid_argument', 'The query of the request is not valid.', {
        fields: [{ field: name.slice(0, 200), problem: 'given more than once' }],
      });
    texts[name] = value;
  }
  return texts;
}

function check(schema: z.ZodObject, value: unknown, where: string): Record<string, unknown> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new HttpRefusal('invalid_argument', `The ${where} of the request is not valid.`, {
    fields: complaintsOf(read.error),
  });
}
