import { type backbeat } from '@whoosh/contracts';
import { type StoredMessage } from './stored-message.ts';

export interface Claim {
  readonly message: StoredMessage;
  readonly body: backbeat.StatusClaim;
}

interface Promised {
  readonly due: number;
  readonly isHelp: boolean;
}

export interface WindowSums {
  readonly onTime: number;
  readonly helped: number;
  readonly broken: number;
}

const PROMISE_BEATS_MAX = 64;

/** Reviews and promises, from window to window. */
export class PromiseBook {
  /** By agent, task and kind. */
  readonly #open = new Map<string, Promised>();

  get open(): number {
    return this.#open.size;
  }

  /** What the claims of a window, in the order of their beats, come to; on time is what was stored by `untilMs`. */
  sum(members: readonly Claim[], toBeat: number, untilMs: number): WindowSums {
    const onTime = new Set<string>();
    const helped = new Set<string>();
    let broken = 0;
    for (const { body, message } of members) {
      const work = `${body.agent_id} ${body.task_id ?? ''}`;
      const isReviewed = body.state === 'completed' || (body.state === 'reviewing' && body.progress === 1);
      if (isReviewed && message.storedAtMs <= untilMs) onTime.add(work);
      if (body.state === 'completed' || body.state === 'failed') {
        for (const { due, isHelp } of this.#settle(work)) {
          if (body.state === 'failed' || body.beat_index > due) broken += 1;
          else if (isHelp) helped.add(work);
        }
      } else if (body.state !== 'idle' && body.beats_left !== undefined) {
        const isHelp = body.state === 'helping';
        const key = `${work} ${isHelp ? 'help' : 'own'}`;
        const due = body.beat_index + Math.min(PROMISE_BEATS_MAX, body.beats_left);
        if (!this.#open.has(key)) this.#open.set(key, { due, isHelp });
      }
    }
    for (const [key, { due }] of this.#open) {
      if (due > toBeat) continue;
      this.#open.delete(key);
      broken += 1;
    }
    return { onTime: onTime.size, helped: helped.size, broken };
  }

  #settle(work: string): Promised[] {
    return ['help', 'own'].flatMap((kind) => {
      const key = `${work} ${kind}`;
      const promise = this.#open.get(key);
      this.#open.delete(key);
      return promise ?? [];
    });
  }
}
