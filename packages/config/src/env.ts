import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { ConfigError } from './config-error.ts';
import { parseFlags } from './flags.ts';
import { isSwitch } from './pieces.ts';

export type EnvSource = Readonly<Record<string, string | undefined>>;

/** A schema whose members are variables, and what reading it gives. */
export type EnvSchema = z.ZodObject;
export type EnvShape = z.ZodRawShape;
export type EnvOf<Schema extends EnvSchema> = z.infer<Schema>;
export const envSchema = z.object;
export type EnvOfShape<Shape extends EnvShape> = z.infer<z.ZodObject<Shape>>;

export interface ReadEnvOptions<Env> {
  /** Command line arguments after the script's name. Not given: flags are not read at all. */
  readonly argv?: readonly string[];
  /** `--x-y` sets the first `<prefix>X_Y` that the schema names. */
  readonly flagPrefixes?: readonly string[];
  /** Requirements between variables; sees what could be read, so that its complaints come with all others. */
  readonly check?: (env: Partial<Env>) => readonly string[];
  readonly readFile?: (path: string) => string;
}

/**
 * Reads the variables that `schema` names, and no others. `NAME_FILE` may stand in for `NAME` and names a file whose
 * content, trimmed, is the value; setting both is a problem because nobody can tell which one was meant. An
 * empty variable counts as not set (that is how Compose passes on what is missing). A flag wins over a variable.
 * Throws one ConfigError with all problems.
 */
export function readEnv<Schema extends z.ZodObject>(
  schema: Schema,
  source: EnvSource,
  options: ReadEnvOptions<z.infer<Schema>> = {},
): Readonly<z.infer<Schema>> {
  const { argv = [], flagPrefixes = ['BACKBEAT_'], readFile = readText, check } = options;
  const names = Object.keys(schema.shape);
  const switches = new Set(names.filter((name) => isSwitch(schema.shape[name] as object)));
  const flags = parseFlags(argv, { names: new Set(names), switches, prefixes: flagPrefixes });
  const problems = [...flags.problems];
  const values: Record<string, string> = {};
  const parsed: Record<string, unknown> = {};
  for (const name of names) {
    const given = valueOf(name, flags.values, readFile) ?? valueOf(name, source, readFile);
    if (given instanceof Problem) {
      problems.push(given.text);
      continue;
    }
    if (given !== undefined) values[name] = given;
    const result = (schema.shape[name] as z.ZodType).safeParse(given);
    if (result.success) parsed[name] = result.data;
    else problems.push(...complaints(name, given === undefined, result.error));
  }
  problems.push(...(check?.(parsed as Partial<z.infer<Schema>>) ?? []));
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => asGiven(problem, flags.flags)));

  // Once more as a whole, for rules that the schema itself states between its members.
  const whole = schema.safeParse(values);
  if (!whole.success) throw new ConfigError(complaints('', false, whole.error));
  return freeze(whole.data);
}

/** Who has typed a flag is told of the flag, not of the variable that it stands for. */
function asGiven(problem: string, flags: ReadonlyMap<string, string>): string {
  return problem.replaceAll(
    /\b[A-Z][A-Z0-9_]+/g,
    (name) => flags.get(name) ?? flags.get(`${name}_FILE`) ?? name,
  );
}

class Problem {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function valueOf(
  name: string,
  source: EnvSource,
  readFile: (path: string) => string,
): string | Problem | undefined {
  const inline = source[name] || undefined;
  const path = source[`${name}_FILE`] || undefined;
  if (inline !== undefined && path !== undefined) return new Problem(`${name} and ${name}_FILE are both set`);
  if (path === undefined) return inline;
  try {
    const text = readFile(path).trim();
    return text === '' ? new Problem(`${name}_FILE names an empty file`) : text;
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    return new Problem(`${name}_FILE cannot be read${typeof code === 'string' ? ` (${code})` : ''}`);
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

// Names the variable and the rule, never the value: a mistyped secret must not end up in a log.
function complaints(name: string, missing: boolean, error: z.ZodError): string[] {
  if (missing) return [`${name} is required`];
  return error.issues.map((issue) => `${name || issue.path.join('.') || 'configuration'}: ${issue.message}`);
}

function freeze<T>(value: T): Readonly<T> {
  for (const member of Object.values(value as object)) {
    if (Array.isArray(member)) Object.freeze(member);
  }
  return Object.freeze(value);
}
