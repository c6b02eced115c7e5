import { type Secret } from '@whoosh/config';

/**
 * What is wrong with a secret and `<NAME>_PREVIOUS`, which is valid beside it while a rotation lasts: alone the old one
 * would stay in force unnoticed, and twice the same rotates nothing.
 */
export function rotationProblems<Name extends string>(
  name: Name,
  variables: Readonly<Partial<Record<Name | `${Name}_PREVIOUS`, Secret | undefined>>>,
): string[] {
  const previousName = `${name}_PREVIOUS` as const;
  const { [name]: current, [previousName]: previous } = variables;
  if (previous === undefined) return [];
  if (current === undefined) return [`${previousName} is set without ${name}`];
  return current.reveal() === previous.reveal() ? [`${previousName}: must not be the same as ${name}`] : [];
}
