/** Lets a loop rest until somebody has news. A wake-up during the work leads to one more round, not to many. */
export class Wake {
  #current = Promise.withResolvers<void>();

  wake(): void {
    this.#current.resolve();
  }

  /** Resolves with the next wake-up after this call. */
  next(): Promise<void> {
    this.#current = Promise.withResolvers<void>();
    return this.#current.promise;
  }
}
