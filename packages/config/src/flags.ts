import { nearestName } from './nearest-name.ts';

export interface Flags {
  /** Values by variable name. */
  readonly values: Readonly<Record<string, string>>;
  /** The flag that a variable was set by, as it is documented. */
  readonly flags: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

export interface FlagNames {
  /** Variables that the service reads. */
  readonly names: ReadonlySet<string>;
  /** Those of them that are on or off: named alone, such a flag means on. */
  readonly switches: ReadonlySet<string>;
  /** `--x-y` is the first `<prefix>X_Y` among the names. */
  readonly prefixes: readonly string[];
}

/**
 * Command line flags as variables: `--x-y v`, `--x-y=v` and the same with one dash set `<PREFIX>X_Y`. `--x-y-file path`
 * sets `<PREFIX>X_Y_FILE`, as the variable of that name does. Only names that the service reads are taken; everything
 * else is a problem, and so is a flag without its value.
 */
export function parseFlags(argv: readonly string[], known: FlagNames): Flags {
  const values: Record<string, string> = {};
  const flags = new Map<string, string>();
  const problems: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] as string;
    const [, flag, inline] = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (flag === undefined) {
      problems.push(`argument ${at + 1} is not a flag; flags look like --name value`);
      continue;
    }
    const name = nameOf(flag, known);
    const next = argv[at + 1];
    const takesNext = inline === undefined && next !== undefined && !/^--?[a-z]/.test(next);
    if (takesNext) at += 1;
    const value = inline ?? (takesNext ? next : undefined);
    if (name === undefined) problems.push(unknownFlag(flag, known));
    else if (flags.has(name)) problems.push(`--${flag} is given twice`);
    else if (value === undefined && known.switches.has(name)) values[name] = 'true';
    else if (value === undefined || value === '') problems.push(`--${flag} needs a value: --${flag} <value>`);
    else values[name] = value;
    if (name !== undefined) flags.set(name, `--${flag}`);
  }
  return { values, flags, problems };
}

function nameOf(flag: string, { names, prefixes }: FlagNames): string | undefined {
  return prefixes
    .map((prefix) => prefix + flag.replaceAll('-', '_').toUpperCase())
    .find((candidate) => names.has(candidate) || names.has(candidate.replace(/_FILE$/, '')));
}

function unknownFlag(flag: string, { names, prefixes }: FlagNames): string {
  const known = prefixes.flatMap((prefix) =>
    [...names]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length).toLowerCase().replaceAll('_', '-')),
  );
  if (known.length === 0) return `--${flag} is unknown; this service takes no flags`;
  const nearest = nearestName(flag, known);
  const meant = nearest === undefined ? '' : `, --${nearest} is probably meant`;
  return `--${flag} is unknown${meant}; known are ${known.map((name) => `--${name}`).join(' ')}`;
}
