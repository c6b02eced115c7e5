/**
 * JSON as Go's encoding/json writes it: `<`, `>`, `&`, U+2028 and U+2029 are escaped inside strings. Receivers
 * check a signature over these very bytes, so the difference to JSON.stringify matters.
 */
const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (character) => ESCAPES[character] ?? character);
}

/** An API answer: one line and a newline, as Go's json.Encoder ends every value. */
export function marshalLine(value: unknown): string {
  return `${escapeHtml(JSON.stringify(value))}\n`;
}

/** A webhook body: json.MarshalIndent with two spaces, without a newline at its end. */
export function marshalIndent(value: unknown): string {
  return escapeHtml(JSON.stringify(value, null, 2));
}
