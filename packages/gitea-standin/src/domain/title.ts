/** The limits of Gitea's column for a title, in bytes; three of them are the ellipsis. */
const TITLE_BYTES_MAX = 255;
const ELLIPSIS = '…';

/** Cuts a title that is too long without an error, as Gitea does, never inside a character. */
export function cutTitle(title: string): string {
  if (Buffer.byteLength(title) <= TITLE_BYTES_MAX) return title;
  let kept = '';
  let bytes = Buffer.byteLength(ELLIPSIS);
  for (const character of title) {
    bytes += Buffer.byteLength(character);
    if (bytes > TITLE_BYTES_MAX) break;
    kept += character;
  }
  return kept + ELLIPSIS;
}
