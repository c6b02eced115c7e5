import { type councils } from '@whoosh/contracts';
import {
  type Artifact,
  type Council,
  newestArtifacts,
  type Round,
  type Seat,
  votesOn,
} from './domain/council.ts';

/** A council as everybody may see it. */
export function toView(council: Council): councils.CouncilView {
  return {
    id: council.id,
    council_id: council.id,
    task_id: council.taskId,
    attempt: council.attempt,
    project_name: council.projectName,
    title: council.title,
    core_agents: council.seats.filter(({ required }) => required).map(seatView),
    optional_agents: council.seats.filter(({ required }) => !required).map(seatView),
    strategy: council.strategy,
    status: council.status,
    reason: council.reason,
    round: council.round && roundView(council.round),
    artifacts: newestArtifacts(council).map((artifact) => artifactView(council, artifact)),
    seat_deadline_at: isoTime(council.seatDeadlineAt),
    revision: council.revision,
    created_at: isoTime(council.createdAt),
    updated_at: isoTime(council.updatedAt),
  };
}

export function artifactView(council: Council, artifact: Artifact): councils.ArtifactView {
  const votes = votesOn(council, artifact.id);
  const yes = votes.filter(({ vote }) => vote === 'yes').length;
  return {
    id: artifact.id,
    council_id: council.id,
    kind: artifact.kind,
    version: artifact.version,
    media_type: artifact.mediaType,
    sha256: artifact.sha256,
    bytes: artifact.bytes,
    path: artifact.path,
    ucxl_address: artifact.ucxlAddress,
    author_agent_id: artifact.authorAgentId,
    author_role: artifact.authorRole,
    ratified: artifact.ratified,
    votes_yes: yes,
    votes_no: votes.length - yes,
    created_at: isoTime(artifact.createdAt),
  };
}

function seatView(seat: Seat): councils.CouncilSeat {
  return {
    role: seat.role,
    name: seat.name,
    required: seat.required,
    why: seat.why,
    status: seat.status,
    agent_id: seat.agentId,
    deployment_id: seat.deploymentId,
    claimed_at: seat.claimedAt === null ? null : isoTime(seat.claimedAt),
  };
}

function roundView({ number, phase, openedAtBeat, phaseOpenedAtBeat }: Round): councils.RoundView {
  return { number, phase, opened_at_beat: openedAtBeat, phase_opened_at_beat: phaseOpenedAtBeat };
}

export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
