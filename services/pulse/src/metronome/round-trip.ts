const EVERY_MS = 1_000;
/** Of so many the shortest counts: the others waited somewhere. */
const SAMPLES_MAX = 8;

/** What is asked and answers at once; a connection to a broker, by ping and pong. */
export interface Echo {
  flush(): Promise<void>;
}

/**
 * How long a word takes to the broker and back: about what a beat takes from a leader as far away to this node.
 * Beside the pings that the client sends every 100 ms anyway one more in a second is nothing, also when it meets a beat.
 */
export class RoundTrip implements Disposable {
  readonly #echo: Echo;
  readonly #samplesMs: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #isAsking = false;

  constructor(echo: Echo) {
    this.#echo = echo;
    this.#timer = setInterval(() => void this.measure(), EVERY_MS);
    void this.measure();
  }

  /** Undefined before the first answer. */
  get ms(): number | undefined {
    return this.#samplesMs.length === 0 ? undefined : Math.min(...this.#samplesMs);
  }

  /** One question at a time; one that is not answered counts for nothing. */
  async measure(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const askedAtMs = performance.now();
    try {
      await this.#echo.flush();
      this.#samplesMs.push(performance.now() - askedAtMs);
      if (this.#samplesMs.length > SAMPLES_MAX) this.#samplesMs.shift();
    } catch {
      // The connection was lost or closed: the next answer comes from the next one.
    } finally {
      this.#isAsking = false;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
