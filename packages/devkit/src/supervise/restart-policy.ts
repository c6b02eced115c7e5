/** When a process that ended by itself is started again: a pure rule, so that it can be read in a test. */

export interface RestartPolicy {
  readonly restartsMax: number;
  /** For one that was never ready: a wrong setting does not get right by trying again. */
  readonly restartsBeforeReadyMax: number;
  /** A process that has run this long is forgiven its earlier ends. */
  readonly stableAfterMs: number;
  readonly firstDelayMs: number;
  readonly delayMaxMs: number;
}

export const restartPolicy: RestartPolicy = {
  restartsMax: 6,
  restartsBeforeReadyMax: 2,
  stableAfterMs: 60_000,
  firstDelayMs: 250,
  delayMaxMs: 8_000,
};

export type Restart =
  { readonly again: true; readonly delayMs: number; readonly attempt: number } | { readonly again: false };

export interface Ended {
  /** Restarts since the process last ran stably. */
  readonly attempt: number;
  readonly ranMs: number;
  /** Whether it was ready at any time of this run. */
  readonly wasReady: boolean;
}

export function nextRestart(policy: RestartPolicy, { attempt, ranMs, wasReady }: Ended): Restart {
  const next = ranMs >= policy.stableAfterMs ? 1 : attempt + 1;
  if (next > (wasReady ? policy.restartsMax : policy.restartsBeforeReadyMax)) return { again: false };
  return {
    again: true,
    attempt: next,
    delayMs: Math.min(policy.delayMaxMs, policy.firstDelayMs * 2 ** (next - 1)),
  };
}
