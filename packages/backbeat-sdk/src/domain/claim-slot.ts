import { createHash } from 'node:crypto';

/** Claims of one beat are spread over this part of it. */
export const SPREAD_BEATS = 0.5;

/**
 * Where in the beat this agent answers, as a part of the beat in [0, 0.5): by a hash of its name, so that ten
 * thousand agents do not answer in one instant, and each at the same place every time.
 */
export function claimSlot(agentId: string): number {
  const digest = createHash('sha256').update(agentId).digest();
  return (digest.readUInt32BE(0) / 2 ** 32) * SPREAD_BEATS;
}
