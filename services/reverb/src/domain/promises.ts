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

interface Claimed {
  readonly task: string;
  readonly state: backbeat.ClaimState;
  readonly beatsLeft: number | undefined;
}

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
  // By agent, because an agent has few: looking through them is cheaper than a key of text per claim.
  readonly #byAgent = new Map<string, OpenPromise[]>();
  #size = 0;

  constructor(open: Iterable<OpenPromise> = []) {
    for (const promise of open) this.#add(promise, this.#byAgent.get(promise.agent));
  }

  get open(): OpenPromise[] {
    const open: OpenPromise[] = [];
    for (const promises of this.#byAgent.values()) for (const promise of promises) open.push(promise);
    return open;
  }

  /** Claims are taken in the order of their beats. */
  take(agent: string, beat: number, claim: Claimed): PromiseOutcome {
    switch (claim.state) {
      case 'completed':
        return this.#settle(agent, beat, claim.task, true);
      case 'failed':
        return this.#settle(agent, beat, claim.task, false);
      case 'idle':
        return NOTHING;
      case 'planning':
      case 'executing':
      case 'reviewing':
      case 'blocked':
      case 'helping':
        this.#promise(agent, beat, claim);
        return NOTHING;
    }
  }

  /** Takes out what is due by this beat and was not kept; answers how many. */
  expire(throughBeat: number): number {
    let broken = 0;
    for (const [agent, promises] of this.#byAgent) {
      // Most have nothing due, and there may be ten thousand of them: nothing is copied for those.
      if (!isAnyDue(promises, throughBeat)) continue;
      const left = promises.filter(({ dueBeat }) => dueBeat > throughBeat);
      broken += promises.length - left.length;
      this.#keep(agent, promises, left);
    }
    return broken;
  }

  clear(): void {
    this.#byAgent.clear();
    this.#size = 0;
  }

  #promise(agent: string, beat: number, { task, state, beatsLeft }: Claimed): void {
    if (beatsLeft === undefined || this.#size >= PROMISES_MAX) return;
    const isHelp = state === 'helping';
    const known = this.#byAgent.get(agent);
    if (known !== undefined)
      for (const open of known) if (open.task === task && open.isHelp === isHelp) return;
    this.#add({ agent, task, isHelp, dueBeat: beat + Math.min(beatsLeft, PROMISE_BEATS_MAX) }, known);
  }

  #settle(agent: string, beat: number, task: string, isDone: boolean): PromiseOutcome {
    const promises = this.#byAgent.get(agent);
    if (promises === undefined) return NOTHING;
    let helpKept = false;
    let broken = 0;
    let settled = 0;
    for (const promise of promises) {
      if (promise.task !== task) continue;
      settled += 1;
      const isKept = isDone && beat <= promise.dueBeat;
      if (!isKept) broken += 1;
      else if (promise.isHelp) helpKept = true;
    }
    if (settled === 0) return NOTHING;
    const left = promises.filter((promise) => promise.task !== task);
    this.#keep(agent, promises, left);
    return { helpKept, broken };
  }

  #add(promise: OpenPromise, promises: OpenPromise[] | undefined): void {
    if (promises === undefined) this.#byAgent.set(promise.agent, [promise]);
    else promises.push(promise);
    this.#size += 1;
  }

  #keep(agent: string, before: readonly OpenPromise[], left: OpenPromise[]): void {
    this.#size -= before.length - left.length;
    if (left.length === 0) this.#byAgent.delete(agent);
    else if (left.length < before.length) this.#byAgent.set(agent, left);
  }
}

function isAnyDue(promises: readonly OpenPromise[], throughBeat: number): boolean {
  for (const { dueBeat } of promises) if (dueBeat <= throughBeat) return true;
  return false;
}
