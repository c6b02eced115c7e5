/**
 * Times as Gitea speaks them: whole seconds since 1970 inside, RFC 3339 in UTC on the wire, and the error text of
 * Go's time.Parse when a caller's time is none.
 */
const LAYOUT = '2006-01-02T15:04:05Z07:00';

export const ZERO_TIME = '0001-01-01T00:00:00Z';

export function rfc3339(atS: number): string {
  return new Date(atS * 1000).toISOString().replace('.000Z', 'Z');
}

export function rfc3339OrNull(atS: number | null): string | null {
  return atS === null ? null : rfc3339(atS);
}

export type ParsedTime =
  { readonly ok: true; readonly atS: number } | { readonly ok: false; readonly message: string };

const ELEMENTS: readonly (readonly [element: string, pattern: RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d{2}/],
  ['-', /^-/],
  ['02', /^\d{2}/],
  ['T', /^T/],
  ['15', /^\d{2}/],
  [':', /^:/],
  ['04', /^\d{2}/],
  [':', /^:/],
  ['05', /^\d{2}(?:\.\d+)?/],
  ['Z07:00', /^(?:Z|[+-]\d{2}:\d{2})/],
];

/** Parses like time.Parse(time.RFC3339, text); the message of a failure is Go's. */
export function parseRfc3339(text: string): ParsedTime {
  let rest = text;
  for (const [element, pattern] of ELEMENTS) {
    const found = pattern.exec(rest);
    if (found === null) {
      return {
        ok: false,
        message: `parsing time "${text}" as "${LAYOUT}": cannot parse "${rest}" as "${element}"`,
      };
    }
    rest = rest.slice(found[0].length);
  }
  if (rest !== '') return { ok: false, message: `parsing time "${text}": extra text: "${rest}"` };
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) return { ok: false, message: `parsing time "${text}": day out of range` };
  return { ok: true, atS: Math.floor(atMs / 1000) };
}
