/** Go's url.QueryEscape: everything but letters, digits and `-_.~` is escaped, a space becomes `+`. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** Go's url.Values.Encode: keys sorted, several values of a key in their order. */
export function encodeQuery(parameters: URLSearchParams): string {
  const keys = [...new Set(parameters.keys())].toSorted();
  return keys
    .flatMap((key) => parameters.getAll(key).map((value) => `${queryEscape(key)}=${queryEscape(value)}`))
    .join('&');
}
