import { type backbeat } from '@whoosh/contracts';

/** Why a claim does not count; a closed set, because it labels a metric. */
export const INVALID_REASONS = [
  'malformed',
  'schema',
  'foreign_agent',
  'unsigned',
  'signature',
  'ahead',
  'flood',
] as const;
export type InvalidReason = (typeof INVALID_REASONS)[number];

/** Why another message than a claim is left aside, by what it was to be; closed sets for the same reason. */
export const BROKEN_REASONS = {
  rotation: ['malformed', 'schema', 'unsigned', 'signature', 'ahead', 'flood'],
  marker: ['malformed', 'schema', 'foreign_window', 'implausible'],
  checkpoint: ['unreadable'],
  report: ['schema', 'no_row'],
  beat: ['malformed', 'foreign_cluster', 'unsigned', 'signature', 'implausible'],
} as const;
export type BrokenKind = keyof typeof BROKEN_REASONS;

/** A message other than a claim that is left aside. */
export type Broken = {
  [Kind in BrokenKind]: { readonly what: Kind; readonly reason: (typeof BROKEN_REASONS)[Kind][number] };
}[BrokenKind];

/** What of a StatusClaim the sums need. */
export interface ClaimFacts {
  readonly agent: string;
  readonly beat: number;
  readonly state: backbeat.ClaimState;
  /** Empty for the agent's one unnamed task. */
  readonly task: string;
  readonly beatsLeft: number | undefined;
  /** `progress` 1. */
  readonly isComplete: boolean;
  /** The wire timestamp as a number of 48 bits: tells copies apart, compares nothing. */
  readonly hlc: number;
}

interface Stored {
  /** Place in the claims stream. */
  readonly sequence: number;
  /** The broker's clock when it was stored, Unix milliseconds. */
  readonly storedAtMs: number;
}

/** One message of the claims stream, as every replica and every recomputation reads it. */
export type StreamEntry =
  | (Stored & { readonly kind: 'claim'; readonly claim: ClaimFacts })
  | (Stored & { readonly kind: 'invalid'; readonly reason: InvalidReason })
  | (Stored & { readonly kind: 'rotation'; readonly rotation: backbeat.Rotation })
  | (Stored & { readonly kind: 'marker'; readonly marker: backbeat.WindowClose })
  | (Stored & Broken & { readonly kind: 'broken' });
