const NS_PER_MS = 1e6;

/** CLOCK_MONOTONIC in milliseconds: the same clock in every process of the machine, unlike `performance.now()`. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / NS_PER_MS;
}
