const encoder = new TextEncoder();

/** The longest prefix of `text` with at most `bytesMax` bytes of UTF-8; a code point is never split. */
export function truncateUtf8(text: string, bytesMax: number): { text: string; truncated: boolean } {
  // encodeInto stops before the first code point that does not fit and tells how much of the text it read.
  const { read } = encoder.encodeInto(text, new Uint8Array(Math.max(0, Math.floor(bytesMax))));
  if (read === text.length) return { text, truncated: false };
  return { text: text.slice(0, read), truncated: true };
}
