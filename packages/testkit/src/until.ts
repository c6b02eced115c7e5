import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** What was waited for, for the error; a function is asked at the end. */
  readonly describe?: string | (() => string);
}

/**
 * Waits for a fact: asks until the predicate gives a truthy answer, and returns it. An error of the
 * predicate counts as "not yet"; the last one is the cause of the error that ends the waiting.
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  { timeoutMs = 30_000, everyMs = 10, describe = 'the condition' }: UntilOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const deadlineMs = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await predicate();
      cause = undefined;
      if (answer !== undefined && answer !== null && answer !== false) {
        return answer as Exclude<T, undefined | null | false>;
      }
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadlineMs) {
      const what = typeof describe === 'function' ? describe() : describe;
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`, { cause });
    }
    await delay(everyMs);
  }
}
