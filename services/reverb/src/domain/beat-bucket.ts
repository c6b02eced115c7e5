import { type ClaimFacts } from './entry.ts';

/** Different claims of one agent for one beat; the bound of memory per agent and beat. */
export const CLAIMS_PER_AGENT_BEAT_MAX = 16;

/** A claim as it waits for its window to close. Claims of one agent and beat form a chain. */
export interface KeptClaim extends Omit<ClaimFacts, 'agent' | 'beat'> {
  readonly storedAtMs: number;
  next: KeptClaim | undefined;
}

export type AddResult = 'added' | 'copy' | 'flood';

/** The claims of one beat by agent, in the order in which they were stored. */
export class BeatBucket {
  readonly byAgent = new Map<string, KeptClaim>();
  claims = 0;

  add(facts: ClaimFacts, storedAtMs: number): AddResult {
    const first = this.byAgent.get(facts.agent);
    if (first === undefined) {
      this.byAgent.set(facts.agent, kept(facts, storedAtMs));
      this.claims += 1;
      return 'added';
    }
    let last = first;
    let length = 1;
    for (let claim: KeptClaim | undefined = first; claim !== undefined; claim = claim.next) {
      if (claim.hlc === facts.hlc) return 'copy';
      last = claim;
      length += 1;
    }
    if (length > CLAIMS_PER_AGENT_BEAT_MAX) return 'flood';
    last.next = kept(facts, storedAtMs);
    this.claims += 1;
    return 'added';
  }
}

function kept(facts: ClaimFacts, storedAtMs: number): KeptClaim {
  return {
    storedAtMs,
    state: facts.state,
    task: facts.task,
    beatsLeft: facts.beatsLeft,
    isComplete: facts.isComplete,
    hlc: facts.hlc,
    next: undefined,
  };
}
