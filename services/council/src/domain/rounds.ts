/**
 * Rounds: propose → critique → revise → vote, each one bar.
 *
 * R1  A phase changes at a downbeat only, so that every agent hears it at the same beat.
 * R2  The council may become active in the middle of a bar; that part is given to the first phase, which closes
 *     at the first downbeat at which all is there, at the latest when a full bar has passed.
 * R3  Who has not voted by the end of the bar has voted no.
 * R4  A version is ratified by more than half of the claimed core seats, and stays as it is from then on.
 * R5  A bar that was not counted is held against nobody: where a downbeat was missed (nothing ran here, or no
 *     beat was heard), a phase that is not complete begins again at the next one.
 * R6  So it does while the agent of a core seat is being brought back, for at most AWAY_MS_MAX.
 */
import { councils } from '@whoosh/contracts';
import { type Instant } from '@whoosh/stdx';
import {
  type Artifact,
  AWAY_MS_MAX,
  claimedCoreSeats,
  type Council,
  newestArtifacts,
  newestOf,
  type Round,
  type RoundOutcome,
  type RoundPhase,
  type RoundRecord,
  ROUNDS_MAX,
  type Vote,
  votesOn,
} from './council.ts';
import { type InputOf } from './input.ts';
import { type Change, changed, done, ended, nothing, type Outcome } from './outcome.ts';

export const NO_VOTE = 'no vote by the end of the bar';

const NEXT: Readonly<Record<Exclude<RoundPhase, 'vote'>, RoundPhase>> = {
  propose: 'critique',
  critique: 'revise',
  revise: 'vote',
};

export function onDownbeat(council: Council, input: InputOf<'downbeat'>): Outcome {
  const { round } = council;
  if (council.status !== 'active' || round === null) return nothing;
  const { at, beat, barLength } = input;
  if (beat < round.phaseOpenedAtBeat) {
    // The pulse began to count anew: the phase gets its bar by the new count, and nothing is skipped.
    const reason = `the beats are counted anew; ${round.phase} goes on`;
    const patch = { round: { ...round, openedAtBeat: beat, phaseOpenedAtBeat: beat } };
    return done(changed(council, 'phase_changed', patch, { at, reason }));
  }
  const beats = beat - round.phaseOpenedAtBeat;
  if (!isComplete(council, round)) {
    if (beats < barLength) return nothing;
    const excuse = excuseFor(council, { at, missed: beats >= 2 * barLength });
    if (excuse !== undefined) {
      const patch = { round: { ...round, phaseOpenedAtBeat: beat } };
      const reason = `${round.phase} begins again: ${excuse}`;
      return done(changed(council, 'phase_changed', patch, { at, reason }));
    }
  } else if (beats === 0) return nothing;
  if (round.phase === 'vote') return closeRound(council, round, input);
  const phase = NEXT[round.phase];
  const reason = `round ${round.number} goes on from ${round.phase} to ${phase}`;
  const patch = { round: { ...round, phase, phaseOpenedAtBeat: beat } };
  return done(changed(council, 'phase_changed', patch, { at, reason }));
}

/** Why a bar that is over is not held against those who did not act in it. */
function excuseFor(council: Council, { at, missed }: { at: Instant; missed: boolean }): string | undefined {
  if (missed) return 'a downbeat was not heard';
  const away = claimedCoreSeats(council).filter(
    ({ awaySince }) => awaySince !== null && at - awaySince < AWAY_MS_MAX,
  );
  if (away.length === 0) return undefined;
  return `${away.map(({ role }) => role).join(', ')} is being brought back`;
}

/** Whether everything is there that the phase waits for; critique and revise take their whole bar. */
function isComplete(council: Council, { phase }: Round): boolean {
  if (newestArtifacts(council).length < councils.ARTIFACT_KINDS.length) return false;
  if (phase === 'propose') return true;
  return phase === 'vote' && missingVotes(council).length === 0;
}

function isOpenToVote(artifact: Artifact): boolean {
  return !artifact.ratified;
}

function missingVotes(council: Council): { artifactId: string; role: string; agentId: string | null }[] {
  return newestArtifacts(council)
    .filter(isOpenToVote)
    .flatMap(({ id }) => {
      const voted = new Set(votesOn(council, id).map(({ role }) => role));
      return claimedCoreSeats(council)
        .filter(({ role }) => !voted.has(role))
        .map(({ role, agentId }) => ({ artifactId: id, role, agentId }));
    });
}

function closeRound(council: Council, round: Round, input: InputOf<'downbeat'>): Outcome {
  const counted = ratify(withMissingVotes(council, input));
  const open = councils.ARTIFACT_KINDS.filter((kind) => newestOf(counted, kind)?.ratified !== true);
  const outcome = outcomeOf(round, open.length);
  const closed = changed(
    council,
    'round_closed',
    {
      votes: counted.votes,
      artifacts: counted.artifacts,
      rounds: recordRound(council, round, { outcome, beat: input.beat }),
      round: outcome === 'revise' ? nextRound(round, input.beat) : round,
    },
    { at: input.at, reason: roundReason(round, outcome, open) },
  );
  const end = endOf(closed.council, { outcome, open, at: input.at });
  return done(closed, ...(end ? [end] : []));
}

function withMissingVotes(council: Council, { at }: InputOf<'downbeat'>): Council {
  const silent = missingVotes(council).map((seat): Vote => ({
    ...seat,
    vote: 'no',
    reason: NO_VOTE,
    castAt: at,
  }));
  return { ...council, votes: [...council.votes, ...silent] };
}

function ratify(council: Council): Council {
  const newest = new Set(newestArtifacts(council).map(({ id }) => id));
  const seats = claimedCoreSeats(council);
  const roles = new Set(seats.map(({ role }) => role));
  const artifacts = council.artifacts.map((artifact) => {
    if (artifact.ratified || !newest.has(artifact.id)) return artifact;
    const yes = votesOn(council, artifact.id).filter(({ vote, role }) => vote === 'yes' && roles.has(role));
    return yes.length * 2 > seats.length ? { ...artifact, ratified: true } : artifact;
  });
  return { ...council, artifacts };
}

function outcomeOf(round: Round, openKinds: number): RoundOutcome {
  if (openKinds === 0) return 'ratified';
  return round.number >= ROUNDS_MAX ? 'not_ratified' : 'revise';
}

function nextRound({ number }: Round, beat: number): Round {
  return { number: number + 1, phase: 'propose', openedAtBeat: beat, phaseOpenedAtBeat: beat };
}

function recordRound(
  { rounds }: Council,
  round: Round,
  { outcome, beat }: { outcome: RoundOutcome; beat: number },
): RoundRecord[] {
  const closed = rounds.map((record) =>
    record.number === round.number ? { ...record, closedAtBeat: beat, outcome } : record,
  );
  if (outcome !== 'revise') return closed;
  return [...closed, { number: round.number + 1, openedAtBeat: beat, closedAtBeat: null, outcome: null }];
}

function roundReason({ number }: Round, outcome: RoundOutcome, open: readonly string[]): string {
  if (outcome === 'ratified') return `round ${number} ratified all artifacts`;
  return `round ${number} left ${open.join(', ')} without agreement`;
}

function endOf(
  council: Council,
  { outcome, open, at }: { outcome: RoundOutcome; open: readonly string[]; at: number },
): Change | undefined {
  if (outcome === 'ratified')
    return ended(council, 'completed', { at, reason: 'all artifacts are ratified' });
  if (outcome === 'revise') return undefined;
  const reason = `not_ratified: ${open.join(', ')} after ${ROUNDS_MAX} rounds`;
  return ended(council, 'failed', { at, reason });
}
