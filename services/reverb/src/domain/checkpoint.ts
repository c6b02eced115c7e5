import { backbeat } from '@whoosh/contracts';
import { type BeatBucket, type KeptClaim } from './beat-bucket.ts';
import { type ClaimFacts } from './entry.ts';
import { type WindowGrid } from './horizon.ts';
import { type OpenPromise } from './promises.ts';
import { type InvalidCounts } from './report.ts';
import { type AwaitedRotation } from './rotations.ts';

/** A claim as a row: agent, beat, stored at, state, task, beats left, complete, hlc. */
export type ClaimRow = readonly [string, number, number, number, string, number | null, 0 | 1, number];

/** What is left of the stream up to and including a marker: from here on, reading goes on behind `sequence`. */
export interface BookCheckpoint {
  readonly sequence: number;
  readonly closed: { readonly epoch: number; readonly from: number; readonly to: number } | undefined;
  readonly grid: (Omit<WindowGrid, 'beats'> & { readonly beats?: number }) | undefined;
  /** Claims that the closing of the window showed to be far ahead; they count in the next report. */
  readonly invalid: InvalidCounts;
  readonly promises: readonly OpenPromise[];
  readonly rotations: readonly AwaitedRotation[];
  readonly agentsBefore: readonly string[];
  readonly claims: readonly ClaimRow[];
}

export function rowsOf(beat: number, bucket: BeatBucket): ClaimRow[] {
  const rows: ClaimRow[] = [];
  for (const [agent, first] of bucket.byAgent) {
    for (let claim: KeptClaim | undefined = first; claim !== undefined; claim = claim.next) {
      const state = backbeat.CLAIM_STATES.indexOf(claim.state);
      rows.push([
        agent,
        beat,
        claim.storedAtMs,
        state,
        claim.task,
        claim.beatsLeft ?? null,
        claim.isComplete ? 1 : 0,
        claim.hlc,
      ]);
    }
  }
  return rows;
}

export function claimFromRow(row: ClaimRow): { facts: ClaimFacts; storedAtMs: number } {
  const [agent, beat, storedAtMs, state, task, beatsLeft, complete, hlc] = row;
  const facts: ClaimFacts = {
    agent,
    beat,
    state: backbeat.CLAIM_STATES[state] ?? 'idle',
    task,
    beatsLeft: beatsLeft ?? undefined,
    isComplete: complete === 1,
    hlc,
  };
  return { facts, storedAtMs };
}
