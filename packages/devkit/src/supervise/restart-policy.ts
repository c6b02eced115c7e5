/** When a process that ended by itself is started again: a pure rule, so that it can be read in a test. */

export interface RestartPolicy {
  readonly restartsMax: number;
  /** A process that has run this long is forgiven its earlier ends. */
  readonly stableAfterMs: number;
  readonly firstDelayMs: number;
  readonly delayMaxMs: number;
}

export const restartPolicy: RestartPolicy = {
  restartsMax: 6,
  stableAfterMs: 60_000,
  firstDelayMs: 250,
  delayMaxMs: 8_000,
};

export type Restart =
  { readonly again: true; readonly delayMs: number; readonly attempt: number } | { readonly again: false };

/** `attempt` counts the restarts since the process last ran stably; `ranMs` is how long it just ran. */
export function nextRestart(policy: RestartPolicy, attempt: number, ranMs: number): Restart {
  const next = ranMs >= policy.stableAfterMs ? 1 : attempt + 1;
  if (next > policy.restartsMax) return { again: false };
  return {
    again: true,
    attempt: next,
    delayMs: Math.min(policy.delayMaxMs, policy.firstDelayMs * 2 ** (next - 1)),
  };
}
