import { setTimeout as wait } from 'node:timers/promises';
import { type Backoff, backoffMs } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';

export interface SuperviseOptions {
  readonly log: Log;
  readonly backoff?: Backoff;
  /** Ends the loop with the process; disposing ends it as well. */
  readonly stopping?: AbortSignal;
}

const BACKOFF: Backoff = { baseMs: 100, maxMs: 10_000 };

/**
 * Keeps a background loop running: when it fails, it begins again after a back-off, until it returns by itself or
 * is stopped. A run longer than the longest wait counts as recovered. Disposing aborts the loop's signal and waits for its end.
 */
export function supervise(
  name: string,
  loop: (signal: AbortSignal) => Promise<void>,
  { log, backoff = BACKOFF, stopping }: SuperviseOptions,
): AsyncDisposable {
  const own = new AbortController();
  const signal = stopping === undefined ? own.signal : AbortSignal.any([own.signal, stopping]);
  const ended = keepRunning(name, loop, { log, backoff, signal });
  return {
    async [Symbol.asyncDispose]() {
      own.abort();
      await ended;
    },
  };
}

async function keepRunning(
  name: string,
  loop: (signal: AbortSignal) => Promise<void>,
  { log, backoff, signal }: { log: Log; backoff: Backoff; signal: AbortSignal },
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await loop(signal);
      return;
    } catch (cause) {
      // Being told to stop may surface as any error; it is no failure then.
      if (signal.aborted) return;
      failures = performance.now() - startedAt > backoff.maxMs ? 1 : failures + 1;
      const waitMs = backoffMs(backoff, failures, Math.random());
      log.error(
        { err: cause, loop: name, failures, wait_ms: waitMs },
        'background loop failed, will begin again',
      );
      await wait(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
