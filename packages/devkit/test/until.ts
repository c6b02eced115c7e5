import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a fact; errors count as "not yet". (testkit builds on this package and cannot be used in it.) */
export async function until<T>(
  predicate: () => Promise<T>,
  { timeoutMs = 15_000 } = {},
): Promise<NonNullable<T>> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await predicate().catch(() => undefined);
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (performance.now() > deadlineMs) throw new Error(`Waited ${timeoutMs} ms in vain`);
    await delay(10);
  }
}
