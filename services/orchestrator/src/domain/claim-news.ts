import { type HeardClaim } from './agent.ts';

/** So old may be what an agent last said that is believed, before more of the same is looked at; the rows are written less often. */
const SAME_FOR_MS = 2_000;

/**
 * Whether the registry learns anything from a claim, held against the last one of this agent that was believed: another state,
 * another task, or that it is still there. Where every look costs a verified signature, the rest is left out. Only what was
 * believed counts, so that nobody can talk in another's name to keep it from being looked at.
 */
export function isNews(believed: HeardClaim | null | undefined, claim: HeardClaim): boolean {
  return (
    !believed ||
    believed.state !== claim.state ||
    believed.taskId !== claim.taskId ||
    // A clock that went back must not silence anybody.
    Math.abs(claim.at - believed.at) >= SAME_FOR_MS
  );
}
