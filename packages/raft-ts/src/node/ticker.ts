/** Calls `tick` every `tickMs` on a fixed schedule; a pause of the process is not made up for by a burst. */
export class Ticker {
  readonly #tickMs: number;
  readonly #tick: () => void;
  #due: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(tickMs: number, tick: () => void) {
    this.#tickMs = tickMs;
    this.#tick = tick;
    this.#due = performance.now() + tickMs;
  }

  start(): void {
    this.#due = performance.now() + this.#tickMs;
    this.#arm();
  }

  #arm(): void {
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, this.#due - performance.now()));
  }

  #fire(): void {
    const now = performance.now();
    // Timers may fire up to a millisecond early; a tick never does, since leases count on its length.
    if (now >= this.#due) {
      const next = this.#due + this.#tickMs;
      this.#due = next > now ? next : now + this.#tickMs;
      this.#tick();
    }
    if (this.#timer !== undefined) this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
