import { type backbeat } from '@whoosh/contracts';
import { type BeatBucket, type KeptClaim } from './beat-bucket.ts';
import { isAheadWithin, type WindowGrid } from './horizon.ts';
import { type PromiseLedger } from './promises.ts';
import { WorkSet } from './work-set.ts';

/** What one agent did in a window, for the details of the API. */
export interface AgentDetail {
  claims: number;
  lastState: backbeat.ClaimState;
  lastBeat: number;
  task: string;
}

export interface RollUp {
  readonly agents: ReadonlyMap<string, AgentDetail>;
  readonly claims: number;
  readonly onTimeReviews: number;
  readonly helpKept: number;
  readonly broken: number;
  readonly ahead: number;
}

export interface RollUpInput {
  /** The window's beats in their order. */
  readonly beats: readonly (readonly [beat: number, bucket: BeatBucket])[];
  readonly grid: WindowGrid | undefined;
  /** Stored by then is on time. */
  readonly onTimeUntilMs: number;
  readonly toBeat: number;
  readonly promises: PromiseLedger;
}

/** Sums a window up. Moves the promises on; everything else is only read. */
export function rollUp({ beats, grid, onTimeUntilMs, toBeat, promises }: RollUpInput): RollUp {
  const agents = new Map<string, AgentDetail>();
  const reviewed = new WorkSet();
  const helped = new WorkSet();
  let claims = 0;
  let broken = 0;
  let ahead = 0;
  for (const [beat, bucket] of beats) {
    for (const [agent, first] of bucket.byAgent) {
      for (let claim: KeptClaim | undefined = first; claim !== undefined; claim = claim.next) {
        if (isAheadWithin(grid, beat, claim.storedAtMs)) {
          ahead += 1;
          continue;
        }
        claims += 1;
        note(agents, agent, beat, claim);
        if (isReviewed(claim) && claim.storedAtMs <= onTimeUntilMs) reviewed.add(agent, claim.task);
        const outcome = promises.take(agent, beat, claim);
        broken += outcome.broken;
        if (outcome.helpKept) helped.add(agent, claim.task);
      }
    }
  }
  broken += promises.expire(toBeat);
  return { agents, claims, onTimeReviews: reviewed.size, helpKept: helped.size, broken, ahead };
}

function isReviewed({ state, isComplete }: KeptClaim): boolean {
  return state === 'completed' || (state === 'reviewing' && isComplete);
}

function note(agents: Map<string, AgentDetail>, agent: string, beat: number, claim: KeptClaim): void {
  const detail = agents.get(agent);
  if (detail === undefined) {
    agents.set(agent, { claims: 1, lastState: claim.state, lastBeat: beat, task: claim.task });
    return;
  }
  detail.claims += 1;
  detail.lastState = claim.state;
  detail.lastBeat = beat;
  if (claim.task !== '') detail.task = claim.task;
}
