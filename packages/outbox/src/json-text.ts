/**
 * JSON as PostgreSQL's jsonb takes it: it has no NUL and no half of a surrogate pair, which text from outside may well
 * contain. Both become the replacement character.
 */
export function jsonText(value: unknown): string {
  return (
    JSON.stringify(value, (_key, member: unknown) =>
      typeof member === 'string' ? storable(member) : member,
    ) ?? 'null'
  );
}

function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}
