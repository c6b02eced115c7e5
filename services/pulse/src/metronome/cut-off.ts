const PATIENCE_MS = 500;
const PATIENCE_MS_MAX = 10_000;

/**
 * Notices that this leader can reach its peers but no broker, and has leadership handed on. Each time in vain it
 * waits longer, since then most likely no node sees a broker.
 */
export class CutOff {
  readonly #handOver: () => void;
  #patienceMs = PATIENCE_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(handOver: () => void) {
    this.#handOver = handOver;
  }

  /** To be told whenever one of the two changes. */
  update(isLeader: boolean, isWired: boolean): void {
    if (isWired) this.#patienceMs = PATIENCE_MS;
    if (!isLeader || isWired) {
      this.stop();
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#patienceMs = Math.min(PATIENCE_MS_MAX, this.#patienceMs * 2);
      this.#handOver();
      this.update(isLeader, isWired);
    }, this.#patienceMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
