/**
 * JSON whose object keys are sorted, so that equal values give equal text (for digests). Reads the value as
 * JSON.stringify does: `undefined` members vanish, `toJSON` is honoured. A value with no JSON form gives `null`.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortKeys) ?? 'null';
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  // A map from entries, not an object literal: keys such as __proto__ stay ordinary members.
  return Object.fromEntries(entries);
}
