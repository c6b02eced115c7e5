/** Sets whose order Gitea draws by lot (a Go map). */
const UNORDERED = /\.events$/;

/** The paths at which two JSON values differ: another kind, a missing or additional key, or another value. */
export function differences(expected: unknown, actual: unknown, path = 'body'): string[] {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (UNORDERED.test(path)) return differences(sorted(expected), sorted(actual), `${path}*`);
    const length = expected.length === actual.length ? [] : [`${path}.length`];
    return [
      ...length,
      ...expected.flatMap((item, index) => differences(item, actual[index], `${path}[${index}]`)),
    ];
  }
  if (isObject(expected) && isObject(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys].flatMap((key) => {
      if (!(key in expected)) return [`${path}.${key} (additional)`];
      if (!(key in actual)) return [`${path}.${key} (missing)`];
      return differences(expected[key], actual[key], `${path}.${key}`);
    });
  }
  return Object.is(expected, actual) ? [] : [path];
}

function sorted(items: readonly unknown[]): unknown[] {
  return items.map(String).toSorted();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
