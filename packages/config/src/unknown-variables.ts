import { UNREAD_NAMES } from './catalogue.ts';
import { type EnvSource } from './env.ts';
import { nearestName } from './nearest-name.ts';

const OWN_PREFIXES = ['WHOOSH_', 'BACKBEAT_'] as const;
const FILE_SUFFIX = '_FILE';

export interface UnknownVariable {
  readonly name: string;
  /** The known name that was probably meant. */
  readonly nearest?: string;
}

/** Variables with a prefix of ours that nobody reads: most of them are misspelt. For a warning at start. */
export function unknownVariables(knownNames: Iterable<string>, source: EnvSource): UnknownVariable[] {
  const known = new Set([...knownNames].flatMap(withFile));
  const unread = new Set(UNREAD_NAMES.flatMap(withFile));
  return Object.keys(source)
    .filter((name) => source[name] !== undefined && OWN_PREFIXES.some((prefix) => name.startsWith(prefix)))
    .filter((name) => !known.has(name))
    .toSorted()
    .map((name) => {
      const nearest = unread.has(name) ? undefined : nearestName(name, known);
      return nearest === undefined ? { name } : { name, nearest };
    });
}

function withFile(name: string): string[] {
  return [name, name + FILE_SUFFIX];
}
