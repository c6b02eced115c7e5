/** Splits a byte stream into frames: four bytes of length, then the content. */
export class FrameReader {
  readonly #maxBytes: number;
  #held: Buffer = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Complete frames in `bytes` and what was held; `undefined` when one announces more than is allowed. */
  push(bytes: Uint8Array): readonly Buffer[] | undefined {
    this.#held = this.#held.byteLength === 0 ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes]);
    const frames: Buffer[] = [];
    let at = 0;
    while (this.#held.byteLength - at >= LENGTH_BYTES) {
      const length = this.#held.readUInt32BE(at);
      if (length > this.#maxBytes) return undefined;
      const end = at + LENGTH_BYTES + length;
      if (this.#held.byteLength < end) break;
      frames.push(this.#held.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    this.#held = this.#held.subarray(at);
    return frames;
  }
}

const LENGTH_BYTES = 4;

export function frame(...parts: readonly Uint8Array[]): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(parts.reduce((sum, part) => sum + part.byteLength, 0));
  return Buffer.concat([length, ...parts]);
}
