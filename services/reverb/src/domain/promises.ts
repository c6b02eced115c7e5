import { type backbeat } from '@whoosh/contracts';

/** A promise counts up to so many beats. */
export const PROMISE_BEATS_MAX = 64;
/** Open promises that are followed; further ones are not taken. */
export const PROMISES_MAX = 200_000;

export interface OpenPromise {
  readonly agent: string;
  readonly task: string;
  readonly isHelp: boolean;
  /** The last beat at which `completed` keeps it. */
  readonly dueBeat: number;
}

type Claimed = {
  readonly agent: string;
  readonly task: string;
  readonly state: backbeat.ClaimState;
  readonly beat: number;
  readonly beatsLeft: number | undefined;
};

/** What one claim did to the promises of its agent and task. */
export interface PromiseOutcome {
  readonly helpKept: boolean;
  readonly broken: number;
}

const NOTHING: PromiseOutcome = { helpKept: false, broken: 0 };

/**
 * Follows promises (`beats_left`) until they are kept by `completed` or broken by `failed` or by their time. The first
 * promise for a task holds: saying later that it will take longer does not move it.
 */
export class PromiseLedger {
  readonly #open = new Map<string, OpenPromise>();

  constructor(open: Iterable<OpenPromise> = []) {
    for (const promise of open) this.#open.set(keyOf(promise.agent, promise.task, promise.isHelp), promise);
  }

  get open(): OpenPromise[] {
    return [...this.#open.values()];
  }

  /** Claims are taken in the order of their beats. */
  take(claim: Claimed): PromiseOutcome {
    switch (claim.state) {
      case 'completed':
        return this.#settle(claim, true);
      case 'failed':
        return this.#settle(claim, false);
      case 'idle':
        return NOTHING;
      case 'planning':
      case 'executing':
      case 'reviewing':
      case 'blocked':
      case 'helping':
        this.#promise(claim);
        return NOTHING;
    }
  }

  /** Takes out what is due by this beat and was not kept; answers how many. */
  expire(throughBeat: number): number {
    let broken = 0;
    for (const [key, { dueBeat }] of this.#open) {
      if (dueBeat > throughBeat) continue;
      this.#open.delete(key);
      broken += 1;
    }
    return broken;
  }

  clear(): void {
    this.#open.clear();
  }

  #promise({ agent, task, state, beat, beatsLeft }: Claimed): void {
    if (beatsLeft === undefined) return;
    const isHelp = state === 'helping';
    const key = keyOf(agent, task, isHelp);
    if (this.#open.has(key) || this.#open.size >= PROMISES_MAX) return;
    this.#open.set(key, { agent, task, isHelp, dueBeat: beat + Math.min(beatsLeft, PROMISE_BEATS_MAX) });
  }

  #settle({ agent, task, beat }: Claimed, isDone: boolean): PromiseOutcome {
    let helpKept = false;
    let broken = 0;
    for (const isHelp of [false, true]) {
      const key = keyOf(agent, task, isHelp);
      const promise = this.#open.get(key);
      if (promise === undefined) continue;
      this.#open.delete(key);
      const isKept = isDone && beat <= promise.dueBeat;
      if (!isKept) broken += 1;
      else if (isHelp) helpKept = true;
    }
    return { helpKept, broken };
  }
}

function keyOf(agent: string, task: string, isHelp: boolean): string {
  return `${agent}\n${task}\n${isHelp ? 'help' : 'work'}`;
}
