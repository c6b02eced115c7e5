/** Texts of up to this many bytes are pooled; ids are shorter than that. */
export const POOLED_BYTES_MAX = 128;

/**
 * Hands out one string for equal bytes: 10,000 agents say the same few names beat after beat, and a string that is
 * known costs no allocation, and its hash no computation. Direct-mapped, so its size is fixed: a text that
 * meets another in its place replaces it.
 */
export class TextPool {
  readonly #texts: string[];
  readonly #mask: number;

  /** `places` is a power of two. */
  constructor(places: number) {
    this.#texts = Array.from({ length: places }, () => '');
    this.#mask = places - 1;
  }

  /** The ASCII text from `from` up to `to`; `hash` is any hash of these bytes, always by the same rule. */
  ascii(bytes: Uint8Array, from: number, to: number, hash: number): string {
    const place = (hash ^ (hash >>> 15)) & this.#mask;
    const known = this.#texts[place] ?? '';
    if (known.length === to - from && isEqual(known, bytes, from)) return known;
    const text = String.fromCharCode.apply(null, bytes.subarray(from, to) as unknown as number[]);
    this.#texts[place] = text;
    return text;
  }
}

function isEqual(text: string, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}
