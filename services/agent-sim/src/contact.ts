import { setTimeout as wait } from 'node:timers/promises';
import { isContactLost } from './domain/lost-contact.ts';

const LOOK_EVERY_MS = 1_000;

/** When this process last heard of anybody it works for: the orchestrator, the gateway, the pulse. */
export class Contact {
  #lastMs = performance.now();

  touched(): void {
    this.#lastMs = performance.now();
  }

  get silentMs(): number {
    return performance.now() - this.#lastMs;
  }

  /**
   * Resolves with the reason when it is time to end: no contact for too long, or `isWanted` said no.
   * @param frameAgeMs age of the last beat of the pulse, which counts as contact too
   */
  async lost(
    watch: { frameAgeMs: () => number | undefined; isWanted: () => Promise<boolean> },
    signal: AbortSignal,
  ): Promise<string> {
    for (;;) {
      await wait(LOOK_EVERY_MS, undefined, { signal });
      const words = { spokenMs: this.silentMs, frameMs: watch.frameAgeMs() };
      if (isContactLost(words)) return 'nobody has spoken with this agent for 60 s';
      if (!(await watch.isWanted())) return 'another agent has taken this place';
    }
  }
}
