/** Versions of the four artifacts: who may add them, when, and where they are found again. */
import {
  type Artifact,
  type Council,
  newestOf,
  RESPONSIBLE_ROLE,
  type Seat,
  seatHeldBy,
  seatOf,
  VERSIONS_MAX,
} from './council.ts';
import { type InputOf } from './input.ts';
import { changed, done, nothing, type Outcome, refused, type Refusal, refusedAsEnded } from './outcome.ts';

/** The version with this content, if it is there already. */
export function sameArtifact(
  council: Council,
  { artifactKind, sha256 }: Pick<InputOf<'artifact'>, 'artifactKind' | 'sha256'>,
): Artifact | undefined {
  return council.artifacts.find((known) => known.kind === artifactKind && known.sha256 === sha256);
}

export function addArtifact(council: Council, input: InputOf<'artifact'>): Outcome {
  const author = authorSeat(council, input);
  if ('code' in author) return author;
  if (sameArtifact(council, input)) return nothing;
  const refusal = refusedAsEnded(council) ?? refusedByRound(council, input);
  if (refusal) return refusal;
  const { at, artifactKind, id, mediaType, sha256, bytes, path } = input;
  const authorAgentId = author.agentId ?? '';
  const version = (newestOf(council, artifactKind)?.version ?? 0) + 1;
  const artifact: Artifact = {
    id,
    kind: artifactKind,
    version,
    mediaType,
    sha256,
    bytes,
    path,
    ucxlAddress: ucxlAddress(council, { agentId: authorAgentId, role: author.role, path }),
    authorAgentId,
    authorRole: author.role,
    ratified: false,
    createdAt: at,
  };
  const reason = `${author.role} added ${artifactKind}, version ${version}`;
  return done(
    changed(council, 'artifact_added', { artifacts: [...council.artifacts, artifact] }, { at, reason }),
  );
}

/** The seat in whose name it is written: that of the agent or, for an admin, the responsible one. */
function authorSeat(council: Council, { agentId, artifactKind }: InputOf<'artifact'>): Seat | Refusal {
  const role = RESPONSIBLE_ROLE[artifactKind];
  if (agentId === null) {
    const seat = seatOf(council, role);
    if (seat?.agentId !== null && seat !== undefined) return seat;
    return refused('failed_precondition', `nobody has taken ${role}, which answers for ${artifactKind}`);
  }
  const seat = council.seats.find((one) => one.agentId === agentId && one.role === role);
  if (seat) return seat;
  const held = seatHeldBy(council, agentId);
  return refused('permission_denied', `${role} answers for ${artifactKind}`, {
    role,
    ...(held && { holds: held.role }),
  });
}

/** Nothing that is being voted on is displaced, and what is ratified stays. */
function refusedByRound(council: Council, { artifactKind }: InputOf<'artifact'>): Refusal | undefined {
  const newest = newestOf(council, artifactKind);
  if (council.round === null) {
    return refused('failed_precondition', 'the council is still forming', { status: council.status });
  }
  if (newest?.ratified) {
    return refused('failed_precondition', `${artifactKind} is ratified`, { artifact_id: newest.id });
  }
  if (council.round.phase === 'vote' && newest) {
    return refused('failed_precondition', `${artifactKind} is being voted on`, { phase: 'vote' });
  }
  if (newest && newest.version >= VERSIONS_MAX) {
    return refused('failed_precondition', `${artifactKind} has had ${VERSIONS_MAX} versions`);
  }
  return undefined;
}

/** `ucxl://agent:role@project:task/*^/path`: a slash would end the project, so owner and name are joined by a dot. */
function ucxlAddress(
  { projectName, taskId }: Council,
  { agentId, role, path }: { agentId: string; role: string; path: string },
): string {
  const project = projectName.replaceAll('/', '.').replaceAll(/[^A-Za-z0-9._-]/g, '-');
  return `ucxl://${agentId}:${role}@${project}:${taskId}/*^/${path.replace(/^\/+/, '')}`;
}
