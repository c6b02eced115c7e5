/** A council as the rules see it: plain frozen-by-convention data, times as milliseconds, beats as numbers. */
import { councils } from '@whoosh/contracts';
import { type Instant } from '@whoosh/stdx';

export type CouncilStatus = (typeof councils.COUNCIL_STATUSES)[number];
export type SeatStatus = (typeof councils.SEAT_STATUSES)[number];
export type RoundPhase = (typeof councils.ROUND_PHASES)[number];
export type ArtifactKind = (typeof councils.ARTIFACT_KINDS)[number];
export type RoundOutcome = 'ratified' | 'revise' | 'not_ratified';

/**
 * A seat is *awaiting* its deployment (reservedUntil set, deploymentId null), *reserved* for it (both set)
 * or *free* (reservedUntil null). Only a free seat is offered to everybody.
 */
export interface Seat {
  readonly id: string;
  readonly role: string;
  readonly name: string;
  readonly required: boolean;
  readonly why: string;
  readonly position: number;
  readonly status: SeatStatus;
  readonly agentId: string | null;
  readonly deploymentId: string | null;
  readonly reservedUntil: Instant | null;
  readonly claimedAt: Instant | null;
  /** Since when the agent deployed for the seat is known to be gone; it is brought back under the same name. */
  readonly awaySince: Instant | null;
}

/** One version of one kind; its content stays in the store, only the digest takes part in the rules. */
export interface Artifact {
  readonly id: string;
  readonly kind: ArtifactKind;
  readonly version: number;
  readonly mediaType: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly path: string;
  readonly ucxlAddress: string;
  readonly authorAgentId: string;
  readonly authorRole: string;
  readonly ratified: boolean;
  readonly createdAt: Instant;
}

export interface Vote {
  readonly artifactId: string;
  readonly role: string;
  readonly agentId: string | null;
  readonly vote: 'yes' | 'no';
  readonly reason: string | null;
  readonly castAt: Instant;
}

export interface Round {
  readonly number: number;
  readonly phase: RoundPhase;
  readonly openedAtBeat: number;
  readonly phaseOpenedAtBeat: number;
}

/** What is kept of every round, open or over. */
export interface RoundRecord {
  readonly number: number;
  readonly openedAtBeat: number;
  readonly closedAtBeat: number | null;
  readonly outcome: RoundOutcome | null;
}

export interface Council {
  readonly id: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly projectName: string;
  readonly title: string;
  readonly strategy: string;
  readonly status: CouncilStatus;
  readonly reason: string | null;
  /** In the order of their `position`. */
  readonly seats: readonly Seat[];
  /** Every version; a kind's versions rise, the order of the list means nothing. */
  readonly artifacts: readonly Artifact[];
  readonly votes: readonly Vote[];
  readonly round: Round | null;
  readonly rounds: readonly RoundRecord[];
  readonly seatDeadlineAt: Instant;
  readonly seatDeadlineBeat: number | null;
  readonly revision: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export const CORE_ROLES = ['product-manager', 'eng-lead', 'qa-lead'] as const;
export const OPTIONAL_ROLES = ['sec-lead', 'devops-lead', 'ux-lead'] as const;
export type OptionalRole = (typeof OPTIONAL_ROLES)[number];

/** Which seat answers for which artifact. */
export const RESPONSIBLE_ROLE: Readonly<Record<ArtifactKind, (typeof CORE_ROLES)[number]>> = {
  kickoff_manifest: 'product-manager',
  seminal_decision_record: 'eng-lead',
  scaffold_plan: 'eng-lead',
  gate_tests: 'qa-lead',
};

/** Without an agreement after this many rounds the council fails. */
export const ROUNDS_MAX = 3;
/** Versions of one kind that are kept; with four kinds the whole stays within what a view may carry. */
export const VERSIONS_MAX = 16;
export const SEAT_DEADLINE_BEATS = 40;
/** So long a phase waits for the agent of a core seat that is being brought back. */
export const AWAY_MS_MAX = 120_000;

export function isEnded(status: CouncilStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

export function seatOf(council: Council, role: string): Seat | undefined {
  return council.seats.find((seat) => seat.role === role);
}

/** The seat that this agent holds, while it holds it. */
export function seatHeldBy(council: Council, agentId: string): Seat | undefined {
  return council.seats.find((seat) => seat.status === 'claimed' && seat.agentId === agentId);
}

/** Those who may vote: required seats with somebody on them. */
export function claimedCoreSeats(council: Council): Seat[] {
  return council.seats.filter((seat) => seat.required && seat.status === 'claimed');
}

export function newestOf(council: Council, kind: ArtifactKind): Artifact | undefined {
  const versions = council.artifacts.filter((artifact) => artifact.kind === kind);
  return versions.reduce<Artifact | undefined>(
    (newest, one) => (newest === undefined || one.version > newest.version ? one : newest),
    undefined,
  );
}

/** The newest version of each kind, as far as there is one. */
export function newestArtifacts(council: Council): Artifact[] {
  return councils.ARTIFACT_KINDS.flatMap((kind) => newestOf(council, kind) ?? []);
}

export function votesOn(council: Council, artifactId: string): Vote[] {
  return council.votes.filter((vote) => vote.artifactId === artifactId);
}
