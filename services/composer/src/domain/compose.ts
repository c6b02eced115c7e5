/** Who sits where: the best filling of the wanted seats, each agent at most once. */
import { type TaskAnalysis } from './analysis.ts';
import { type CandidateScore, type Decision, requirementsFor, round4, type TeamRole } from './match.ts';

type Scored = Omit<CandidateScore, 'chosen'>;
type Member = Decision['team']['members'][number];
type Alternative = NonNullable<Decision['alternatives']>[number];

export interface SizeLimits {
  readonly min: number;
  readonly max: number;
}

/** Seats in the order in which they are filled when not all can be. */
export const SEAT_ORDER: readonly TeamRole[] = ['executor', 'reviewer', 'coordinator'];
const SECOND_SEAT_COMPLEXITY_MIN = 0.4;
export const ALTERNATIVES_MAX = 2;
/** A team whose type was guessed from no word at all is believed less. */
const NO_EVIDENCE_FACTOR = 0.8;

/** Seats a task should have: three when balanced, else one, or two when somebody had better look over it. */
export function wantedRoles(analysis: TaskAnalysis, { min, max }: SizeLimits): TeamRole[] {
  const { complexity, risk_level: risk } = analysis.classification;
  const isDelicate = (complexity ?? 0) >= SECOND_SEAT_COMPLEXITY_MIN || (risk !== null && risk !== 'low');
  const natural = analysis.strategy === 'balanced_standard' ? 3 : isDelicate ? 2 : 1;
  return SEAT_ORDER.slice(0, Math.min(max, Math.max(min, natural)));
}

/** Seats without which the team does not begin: all of a balanced one, and as many as the settings ask for. */
function neededSeats(analysis: TaskAnalysis, roles: readonly TeamRole[], min: number): number {
  return analysis.strategy === 'balanced_standard' ? roles.length : Math.max(1, min);
}

export interface Composition {
  readonly team: Decision['team'];
  readonly alternatives: Decision['alternatives'];
}

export function compose(
  analysis: TaskAnalysis,
  scores: readonly Scored[],
  { roles, min, hasAlternatives }: { roles: readonly TeamRole[]; min: number; hasAlternatives: boolean },
): Composition {
  const fillings = allFillings(roles, scores).toSorted(byWorth);
  const best = fillings[0] ?? [];
  const needed = neededSeats(analysis, roles, min);
  // A viable team does without a seat that nobody can take; it is not kept waiting for more than it needs.
  const kept = roles.filter((_, at) => best[at] !== undefined || at < needed);
  if (kept.length < roles.length) {
    return compose(analysis, scores, { roles: kept, min: kept.length, hasAlternatives });
  }
  const members = roles.map((role, at) => memberOf(role, best[at], analysis));
  const confidence = confidenceOf(
    members.map(({ score }) => score ?? 0),
    analysis,
  );
  return {
    team: { strategy: analysis.strategy, members, confidence },
    alternatives: hasAlternatives ? alternativesTo(best, fillings, roles, analysis) : null,
  };
}

function memberOf(role: TeamRole, scored: Scored | undefined, analysis: TaskAnalysis): Member {
  if (scored) return { role, agent_id: scored.agent_id, score: scored.score, reasons: scored.reasons };
  const wanted = requirementsFor(role, analysis).map(({ skill }) => skill);
  const reason = wanted.length > 0 ? `nobody qualifies who has ${wanted.join(', ')}` : 'nobody is there';
  return { role, agent_id: null, score: null, reasons: [reason] };
}

type Filling = readonly (Scored | undefined)[];

/** Every way to fill the seats from the best of each; more than one per seat and rival can never be needed. */
function allFillings(roles: readonly TeamRole[], scores: readonly Scored[]): Filling[] {
  const [role, ...others] = roles;
  if (role === undefined) return [[]];
  const rivals = roles.length + ALTERNATIVES_MAX;
  const best = scores
    .filter((one) => one.role === role && one.qualified)
    .toSorted(byScore)
    .slice(0, rivals);
  return [...best, undefined].flatMap((one) => {
    const rest = scores.filter(({ agent_id: agent }) => agent !== one?.agent_id);
    return allFillings(others, rest).map((filling) => [one, ...filling]);
  });
}

function byScore(a: Scored, b: Scored): number {
  return b.score - a.score || (a.agent_id < b.agent_id ? -1 : 1);
}

/** Earlier seats first, then more seats, then the higher sum, then names: no two fillings are equal. */
function byWorth(a: Filling, b: Filling): number {
  for (const [at, one] of a.entries()) {
    const difference = Number(b[at] !== undefined) - Number(one !== undefined);
    if (difference !== 0) return difference;
  }
  return sumOf(b) - sumOf(a) || (namesOf(a) < namesOf(b) ? -1 : 1);
}

function sumOf(filling: Filling): number {
  return round4(filling.reduce((sum, one) => sum + (one?.score ?? 0), 0));
}

function namesOf(filling: Filling): string {
  return filling.map((one) => one?.agent_id ?? '').join('\n');
}

/** The best teams that are led by somebody else. */
function alternativesTo(
  best: Filling,
  fillings: readonly Filling[],
  roles: readonly TeamRole[],
  analysis: TaskAnalysis,
): Alternative[] {
  const leaders = new Set([best[0]?.agent_id]);
  const found: Alternative[] = [];
  for (const filling of fillings) {
    const leader = filling[0]?.agent_id;
    if (leader === undefined || leaders.has(leader)) continue;
    leaders.add(leader);
    found.push({
      members: filling.flatMap((one, at) => {
        const role = roles[at];
        return one === undefined || role === undefined ? [] : [{ role, agent_id: one.agent_id }];
      }),
      confidence: confidenceOf(
        filling.map((one) => one?.score ?? 0),
        analysis,
      ),
    });
    if (found.length === ALTERNATIVES_MAX) break;
  }
  return found;
}

function confidenceOf(scores: readonly number[], { classification }: TaskAnalysis): number {
  if (scores.length === 0) return 0;
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return round4(classification.evidence.length > 0 ? mean : mean * NO_EVIDENCE_FACTOR);
}
