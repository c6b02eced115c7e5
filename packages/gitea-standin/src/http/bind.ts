/**
 * Reading a request's body into an option of the API, with the errors of Gitea's binding: `[Field]: Required`, and
 * Go's own words for broken JSON and wrong types.
 */
import { unprocessable } from '../domain/api-error.ts';

export type FieldType = 'string' | 'bool' | 'int64' | '[]string' | '[]int64' | '[]any' | 'object' | 'any';

export interface FieldSpec {
  readonly type: FieldType;
  readonly required?: true;
}

export type OptionSpec = Readonly<Record<string, FieldSpec>>;
export type Bound = Readonly<Record<string, unknown>>;

export interface RawBody {
  readonly contentType: string;
  readonly text: string;
}

export function bind(raw: RawBody, option: string, spec: OptionSpec): Bound {
  const value = raw.text.trim() === '' ? {} : parse(raw);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unprocessable(`[]: json: cannot unmarshal ${kindOf(value)} into Go value of type api.${option}`);
  }
  const fields = value as Bound;
  const bound: Record<string, unknown> = {};
  for (const [name, { type }] of Object.entries(spec)) {
    const field = fields[name];
    if (field === undefined || (field === null && type !== 'any')) continue;
    checkType(option, name, type, field);
    bound[name] = field;
  }
  for (const [name, { required }] of Object.entries(spec)) {
    const field = bound[name];
    const isEmpty = field === undefined || field === '' || (typeof field === 'string' && field.trim() === '');
    if (required === true && isEmpty) throw unprocessable(`[${goName(name)}]: Required`);
  }
  return bound;
}

function parse(raw: RawBody): unknown {
  if (raw.contentType === '') throw unprocessable('[]: Empty Content-Type');
  if (!raw.contentType.includes('json')) throw unprocessable('[]: Unsupported Content-Type');
  try {
    return JSON.parse(raw.text);
  } catch {
    throw unprocessable("[]: invalid character '\u0000' looking for beginning of value");
  }
}

function checkType(option: string, name: string, type: FieldType, value: unknown): void {
  const wrong = findWrong(type, value);
  if (wrong === undefined) return;
  const element = type.replace('[]', '');
  // A string where an integer is due is reported by its opening quote, as a number that does not read.
  const kind = wrong === 'string' && element === 'int64' ? 'number "' : wrong;
  throw unprocessable(
    `[]: json: cannot unmarshal ${kind} into Go struct field ${option}.${goName(name)} of type ${element}`,
  );
}

/** The JSON kind of the first part that does not fit, or undefined when all fits. */
function findWrong(type: FieldType, value: unknown): string | undefined {
  if (type === 'any') return undefined;
  if (type.startsWith('[]')) {
    if (!Array.isArray(value)) return kindOf(value);
    if (type === '[]any') return undefined;
    const element = type === '[]int64' ? 'int64' : 'string';
    return value.map((item) => findWrong(element, item)).find((wrong) => wrong !== undefined);
  }
  const fits = {
    string: typeof value === 'string',
    bool: typeof value === 'boolean',
    int64: Number.isInteger(value),
    object: typeof value === 'object' && !Array.isArray(value),
  }[type as 'string' | 'bool' | 'int64' | 'object'];
  return fits ? undefined : kindOf(value);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
}

function goName(name: string): string {
  return name
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}
