import { ConfigError } from '../config-error.ts';
import { type EnvOf, type EnvSchema, type EnvSource, readEnv, type ReadEnvOptions } from '../env.ts';

/** What reading refuses, a sentence per problem; none when it goes well. Whatever else is thrown is thrown on. */
export function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems;
    throw cause;
  }
  return [];
}

/** Reads settings as a process does, out of the words behind its name (divided by blanks) and its variables. */
export interface SettingsReader<Settings> {
  read(flags: string, env?: EnvSource): Settings;
  problemsOf(flags: string, env?: EnvSource): readonly string[];
}

/** For the tests of a service's settings: its schema, and what it checks between them. */
export function settingsReader<Schema extends EnvSchema>(
  schema: Schema,
  check?: ReadEnvOptions<EnvOf<Schema>>['check'],
): SettingsReader<Readonly<EnvOf<Schema>>> {
  const read = (flags: string, env: EnvSource = {}): Readonly<EnvOf<Schema>> =>
    readEnv(schema, env, { argv: flags.split(' ').filter(Boolean), ...(check && { check }) });
  return { read, problemsOf: (flags, env) => problemsOf(() => read(flags, env)) };
}
