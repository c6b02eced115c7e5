import { invariant } from './invariant.ts';

export interface LeaseTerms {
  /** Caller's monotonic time, in ms, at which it called the `tick()` that `Status.leaseTick` counts. */
  readonly sentAtMs: number;
  readonly electionTicks: number;
  /** Nominal length of a tick on every node. */
  readonly tickMs: number;
  /** Bound on how much faster any follower's clock may run than the leader's, in parts per million. */
  readonly driftPpm: number;
  /** Taken off for what happens between the check and the act. */
  readonly marginMs: number;
}

const PPM = 1_000_000;

/**
 * Until when, on the leader's monotonic clock, no other node can have been elected (Raft §8, thesis §6.4.1).
 * Two ticks are taken off: a follower's next tick may come right after the heartbeat, and late itself, so that the
 * one after it comes early. May lie in the past.
 */
export function leaseUntil(terms: LeaseTerms): number {
  invariant(terms.driftPpm >= 0 && terms.marginMs >= 0, 'drift and margin shorten a lease');
  const quietMs = (terms.electionTicks - 2) * terms.tickMs;
  return terms.sentAtMs + quietMs * (PPM / (PPM + terms.driftPpm)) - terms.marginMs;
}
