import { assert } from '@whoosh/stdx';
import { type DB } from '@whoosh/db';
import { type Insertable, type Selectable } from 'kysely';
import {
  type Artifact,
  type Council,
  type CouncilStatus,
  type RoundOutcome,
  type RoundPhase,
  type RoundRecord,
  type Seat,
  type SeatStatus,
  type Vote,
} from '../domain/council.ts';

/** Everything of an artifact but its content, which is read only when it is asked for. */
export const ARTIFACT_COLUMNS = [
  'id',
  'kind',
  'version',
  'media_type',
  'sha256',
  'bytes',
  'path',
  'ucxl_address',
  'author_agent_id',
  'author_role',
  'ratified',
  'created_at',
] as const;
type ArtifactRow = Pick<Selectable<DB['council_artifacts']>, (typeof ARTIFACT_COLUMNS)[number]>;

export interface CouncilRows {
  readonly council: Selectable<DB['councils']>;
  readonly seats: readonly Selectable<DB['council_agents']>[];
  readonly artifacts: readonly ArtifactRow[];
  readonly votes: readonly Selectable<DB['council_votes']>[];
  readonly rounds: readonly Selectable<DB['council_rounds']>[];
}

export function fromRows({ council: row, ...rows }: CouncilRows): Council {
  return {
    id: row.id,
    taskId: row.task_id,
    attempt: row.attempt,
    projectName: row.project_name,
    title: row.title,
    strategy: row.strategy,
    status: row.status as CouncilStatus,
    reason: row.reason,
    seats: rows.seats.map(seatFrom),
    artifacts: rows.artifacts.map(artifactFrom),
    votes: rows.votes.map(voteFrom),
    round: roundFrom(row),
    rounds: rows.rounds.map(recordFrom),
    seatDeadlineAt: millis(row.seat_deadline_at),
    seatDeadlineBeat: beatOf(row.seat_deadline_beat),
    revision: row.revision,
    createdAt: millis(row.created_at),
    updatedAt: millis(row.updated_at),
  };
}

/** The columns of `councils`. */
export function councilRow(council: Council): Insertable<DB['councils']> {
  const { round } = council;
  return {
    id: council.id,
    task_id: council.taskId,
    attempt: council.attempt,
    project_name: council.projectName,
    title: council.title,
    strategy: council.strategy,
    status: council.status,
    reason: council.reason,
    round_number: round?.number ?? null,
    round_phase: round?.phase ?? null,
    round_opened_at_beat: beatText(round?.openedAtBeat),
    phase_opened_at_beat: beatText(round?.phaseOpenedAtBeat),
    seat_deadline_at: new Date(council.seatDeadlineAt),
    seat_deadline_beat: beatText(council.seatDeadlineBeat),
    revision: council.revision,
    created_at: new Date(council.createdAt),
    updated_at: new Date(council.updatedAt),
  };
}

export function seatRow(councilId: string, seat: Seat): Insertable<DB['council_agents']> {
  return {
    id: seat.id,
    council_id: councilId,
    role: seat.role,
    name: seat.name,
    required: seat.required,
    why: seat.why,
    position: seat.position,
    status: seat.status,
    agent_id: seat.agentId,
    deployment_id: seat.deploymentId,
    reserved_until: seat.reservedUntil === null ? null : new Date(seat.reservedUntil),
    claimed_at: seat.claimedAt === null ? null : new Date(seat.claimedAt),
    away_since: seat.awaySince === null ? null : new Date(seat.awaySince),
  };
}

export function artifactRow(
  councilId: string,
  artifact: Artifact,
  content: string,
): Insertable<DB['council_artifacts']> {
  return {
    id: artifact.id,
    council_id: councilId,
    kind: artifact.kind,
    version: artifact.version,
    media_type: artifact.mediaType,
    content,
    sha256: artifact.sha256,
    bytes: artifact.bytes,
    path: artifact.path,
    ucxl_address: artifact.ucxlAddress,
    author_agent_id: artifact.authorAgentId,
    author_role: artifact.authorRole,
    ratified: artifact.ratified,
    created_at: new Date(artifact.createdAt),
  };
}

function seatFrom(row: Selectable<DB['council_agents']>): Seat {
  return {
    id: row.id,
    role: row.role,
    name: row.name,
    required: row.required,
    why: row.why,
    position: row.position,
    status: row.status as SeatStatus,
    agentId: row.agent_id,
    deploymentId: row.deployment_id,
    reservedUntil: row.reserved_until === null ? null : millis(row.reserved_until),
    claimedAt: row.claimed_at === null ? null : millis(row.claimed_at),
    awaySince: row.away_since === null ? null : millis(row.away_since),
  };
}

function artifactFrom(row: ArtifactRow): Artifact {
  return {
    id: row.id,
    kind: row.kind as Artifact['kind'],
    version: row.version,
    mediaType: row.media_type,
    sha256: row.sha256,
    bytes: row.bytes,
    path: row.path,
    ucxlAddress: row.ucxl_address,
    authorAgentId: row.author_agent_id,
    authorRole: row.author_role,
    ratified: row.ratified,
    createdAt: millis(row.created_at),
  };
}

function voteFrom(row: Selectable<DB['council_votes']>): Vote {
  return {
    artifactId: row.artifact_id,
    role: row.role,
    agentId: row.agent_id,
    vote: row.vote as Vote['vote'],
    reason: row.reason,
    castAt: millis(row.cast_at),
  };
}

function roundFrom(row: Selectable<DB['councils']>): Council['round'] {
  if (row.round_number === null) return null;
  const openedAtBeat = beatOf(row.round_opened_at_beat);
  const phaseOpenedAtBeat = beatOf(row.phase_opened_at_beat);
  assert(openedAtBeat !== null && phaseOpenedAtBeat !== null, 'a round knows when it was opened');
  return {
    number: row.round_number,
    phase: row.round_phase as RoundPhase,
    openedAtBeat,
    phaseOpenedAtBeat,
  };
}

function recordFrom(row: Selectable<DB['council_rounds']>): RoundRecord {
  return {
    number: row.number,
    openedAtBeat: Number(row.opened_at_beat),
    closedAtBeat: beatOf(row.closed_at_beat),
    outcome: row.outcome as RoundOutcome | null,
  };
}

// The driver hands int8 over as text because a number might lose digits; beats are exact to 2^53.
function beatOf(column: string | number | bigint | null): number | null {
  return column === null ? null : Number(column);
}

function beatText(beat: number | null | undefined): string | null {
  return beat === null || beat === undefined ? null : String(beat);
}

function millis(column: Date): number {
  return column.getTime();
}
