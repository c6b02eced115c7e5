import * as z from 'zod';

/**
 * Turns the texts of a path or a query into what the schema's fields want: numbers and flags. What cannot be
 * turned stays a text, for the schema to complain about in its own words.
 */
export function coerceTexts(
  schema: z.ZodObject,
  texts: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const field = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
      return [name, field && typeof text === 'string' ? coerceText(innermost(field), text) : text];
    }),
  );
}

function coerceText(field: z.core.$ZodType, text: string): unknown {
  if (field instanceof z.ZodNumber) return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (field instanceof z.ZodBoolean) return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

function innermost(field: z.core.$ZodType): z.core.$ZodType {
  let inner = field;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodNullable) {
    inner = inner.unwrap();
  }
  return inner;
}

export interface Complaint {
  readonly field: string;
  readonly problem: string;
}

/** What is wrong with a request, field by field, without the values that were sent. */
export function complaintsOf(error: z.ZodError): Complaint[] {
  return error.issues.slice(0, 20).flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, 20).map((key) => ({
        field: [...issue.path, key].join('.').slice(0, 200),
        problem: 'unknown field',
      }));
    }
    return [{ field: issue.path.join('.') || 'body', problem: issue.message }];
  });
}
