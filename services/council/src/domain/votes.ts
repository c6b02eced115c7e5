import { type Council, newestOf, seatHeldBy, votesOn } from './council.ts';
import { type InputOf } from './input.ts';
import { changed, done, nothing, type Outcome, refused, refusedAsEnded } from './outcome.ts';

/** A claimed core seat votes once per version, while the round votes and the version is the newest. */
export function castVote(council: Council, input: InputOf<'vote'>): Outcome {
  const { at, agentId, artifactId, vote, reason } = input;
  const artifact = council.artifacts.find(({ id }) => id === artifactId);
  if (artifact === undefined) return refused('not_found', 'the council has no such artifact');
  const seat = council.seats.find((one) => one.agentId === agentId && one.required);
  if (seat === undefined) {
    const held = seatHeldBy(council, agentId);
    return refused('permission_denied', 'only those who hold a core seat vote', {
      holds: held?.role ?? null,
    });
  }
  const before = votesOn(council, artifactId).find(({ role }) => role === seat.role);
  if (before?.vote === vote && before.agentId === agentId) return nothing;
  if (before) return refused('taken', `${seat.role} has voted ${before.vote}`, { vote: before.vote });
  const ended = refusedAsEnded(council);
  if (ended) return ended;
  if (seat.status !== 'claimed') return refused('permission_denied', `${seat.role} is not held any more`);
  if (council.round?.phase !== 'vote') {
    return refused('failed_precondition', 'the round does not vote now', {
      phase: council.round?.phase ?? null,
    });
  }
  const newest = newestOf(council, artifact.kind);
  if (newest?.id !== artifactId) {
    return refused('failed_precondition', 'there is a newer version', { artifact_id: newest?.id });
  }
  const votes = [...council.votes, { artifactId, role: seat.role, agentId, vote, reason, castAt: at }];
  const told = `${seat.role} votes ${vote} on ${artifact.kind}, version ${artifact.version}`;
  return done(changed(council, 'vote_cast', { votes }, { at, reason: told }));
}
