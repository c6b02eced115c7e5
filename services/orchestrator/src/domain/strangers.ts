import { type Instant } from '@whoosh/stdx';
import { type HeardClaim } from './agent.ts';

/** A stranger may have registered with another replica in the meantime. */
export const ASK_AGAIN_AFTER_MS = 5_000;

interface Stranger {
  /** When it was last asked for; null when it is still to be. */
  askedAt: Instant | null;
  claim: HeardClaim;
}

/**
 * Agents that speak and that nobody here knows. Whoever was asked for goes to the end of the line, so that no number of
 * others that go on speaking keeps one from its turn: among n it comes within n turns.
 */
export class Strangers {
  readonly #max: number;
  /** The longest without a turn first: a Map keeps the order in which was set. */
  readonly #line = new Map<string, Stranger>();

  /** @param max beyond which nobody new is met until one is forgotten */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#line.size;
  }

  meet(agentId: string, claim: HeardClaim): void {
    const stranger = this.#line.get(agentId);
    if (stranger !== undefined) stranger.claim = claim;
    else if (this.#line.size < this.#max) this.#line.set(agentId, { askedAt: null, claim });
  }

  /** The last that it said. */
  heard(agentId: string): HeardClaim | undefined {
    return this.#line.get(agentId)?.claim;
  }

  forget(agentId: string): void {
    this.#line.delete(agentId);
  }

  /** Whose turn it is. It stays theirs until `asked`. */
  due(now: Instant, countMax: number): string[] {
    const due: string[] = [];
    for (const [agentId, { askedAt }] of this.#line) {
      if (due.length === countMax) break;
      if (askedAt === null || now - askedAt >= ASK_AGAIN_AFTER_MS) due.push(agentId);
    }
    return due;
  }

  /** They were asked for in vain. One that was silent since the time before is forgotten. */
  asked(agentIds: Iterable<string>, now: Instant): void {
    for (const agentId of agentIds) {
      const stranger = this.#line.get(agentId);
      if (stranger === undefined) continue;
      this.#line.delete(agentId);
      if (stranger.askedAt !== null && stranger.claim.at < stranger.askedAt) continue;
      this.#line.set(agentId, { ...stranger, askedAt: now });
    }
  }
}
