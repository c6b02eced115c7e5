export interface Flags {
  /** Values by variable name. */
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/**
 * Command line flags as variables: `--x-y v`, `--x-y=v` and the same with one dash set `<PREFIX>X_Y`. A flag
 * without a value means `true`. `--x-y-file path` sets `<PREFIX>X_Y_FILE`, as the variable of that name does. Only names
 * that the service reads are taken; everything else is a problem.
 */
export function parseFlags(
  argv: readonly string[],
  names: ReadonlySet<string>,
  prefixes: readonly string[],
): Flags {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] as string;
    const [, flag, inline] = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (flag === undefined) {
      problems.push(`argument ${at + 1} is not a flag; flags look like --name value`);
      continue;
    }
    const name = prefixes
      .map((prefix) => variableOf(prefix, flag))
      .find((candidate) => names.has(candidate) || names.has(candidate.replace(/_FILE$/, '')));
    const next = argv[at + 1];
    const takesNext = inline === undefined && next !== undefined && !/^--?[a-z]/.test(next);
    if (takesNext) at += 1;
    if (name === undefined) problems.push(unknownFlag(flag, names, prefixes));
    else if (Object.hasOwn(values, name)) problems.push(`--${flag} is given twice`);
    else values[name] = inline ?? (takesNext ? (next as string) : 'true');
  }
  return { values, problems };
}

const variableOf = (prefix: string, flag: string) => prefix + flag.replaceAll('-', '_').toUpperCase();

function unknownFlag(flag: string, names: ReadonlySet<string>, prefixes: readonly string[]): string {
  const known = prefixes.flatMap((prefix) =>
    [...names]
      .filter((name) => name.startsWith(prefix))
      .map((name) => `--${name.slice(prefix.length).toLowerCase().replaceAll('_', '-')}`),
  );
  if (known.length === 0) return `--${flag} is unknown; this service takes no flags`;
  return `--${flag} is unknown; known are ${known.join(' ')}`;
}
