/** What this node has said itself, and whether it came back. */
export class OwnBeats {
  #last: { readonly index: number; readonly atMs: number } | undefined;
  /** The first of them that has not come back so far. */
  #unheard: number | undefined;

  get lastIndex(): number | undefined {
    return this.#last?.index;
  }

  said(index: number, atMs: number): void {
    this.#last = { index, atMs };
    this.#unheard ??= index;
  }

  /** How long it took to come back, in milliseconds; null for a beat of another, or not the last one. */
  heard(index: number, arrivalMs: number): number | null {
    if (this.#unheard !== undefined && index >= this.#unheard) this.#unheard = undefined;
    return this.#last?.index === index ? arrivalMs - this.#last.atMs : null;
  }

  /** Of the last connection that broke: the first beat that was written to it in vain, if there is one. */
  lost(): number | undefined {
    const first = this.#unheard;
    this.#unheard = undefined;
    return first;
  }
}
