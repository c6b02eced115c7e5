/** How well an agent fits a seat: a weighted sum of four parts, each between 0 and 1. */
import { type teams } from '@whoosh/contracts';
import { type TaskAnalysis } from './analysis.ts';
import { type SkillRequirement, skillsCovered } from './skills.ts';

export type TeamRole = (typeof teams.TEAM_ROLES)[number];
export type CandidateScore = Decision['candidates'][number];
export type Decision = teams.CompositionDecision;
export type CandidateAgent = Decision['input']['agents'][number];
export type Weights = Decision['weights'];

/** What an agent can do counts most: with nothing else in its favour it must cover two fifths to reach 0.6. */
export const WEIGHTS: Weights = { skills: 0.6, availability: 0.15, load: 0.15, track_record: 0.1 };

/** A critical skill counts as much as so many desirable ones. */
const CRITICAL_WEIGHT = 3;
const WORKING_AVAILABILITY = 0.5;

/** What a seat asks for: the executor all the task does, the others know their way in it and bring what is theirs. */
export function requirementsFor(role: TeamRole, { skills }: TaskAnalysis): SkillRequirement[] {
  if (role === 'executor') return skills;
  const own = role === 'reviewer' ? 'testing' : 'planning';
  const known = skills
    .filter(({ skill, critical }) => skill !== own && (role === 'reviewer' || critical))
    .map((one) => ({ ...one, critical: false, level: 'basic' as const }));
  return [...known, { skill: own, level: 'basic', critical: false, found_in: `role: ${role}` }];
}

export function scoreCandidate(
  agent: CandidateAgent,
  role: TeamRole,
  { analysis, weights, threshold }: { analysis: TaskAnalysis; weights: Weights; threshold: number },
): Omit<CandidateScore, 'chosen'> {
  const required = requirementsFor(role, analysis);
  const covered = skillsCovered(agent.capabilities);
  const isCovered = ({ skill }: SkillRequirement): boolean => covered.has(skill);
  const parts = {
    skills: round4(coverage(required, isCovered)),
    availability: agent.activity === 'working' ? WORKING_AVAILABILITY : 1,
    load: round4(1 / (1 + agent.load)),
    track_record: round4((agent.completed + 1) / (agent.completed + agent.failed + 2)),
  };
  const score = round4(
    parts.skills * weights.skills +
      parts.availability * weights.availability +
      parts.load * weights.load +
      parts.track_record * weights.track_record,
  );
  const critical = required.filter((one) => one.critical);
  const lacksAll = critical.length > 0 && !critical.some(isCovered);
  return {
    role,
    agent_id: agent.agent_id,
    score: Math.min(1, score),
    parts,
    qualified: score >= threshold && !lacksAll,
    reasons: reasonsOf(agent, required, { isCovered, lacksAll, score, threshold }),
  };
}

function coverage(
  required: readonly SkillRequirement[],
  isCovered: (one: SkillRequirement) => boolean,
): number {
  const weigh = (list: readonly SkillRequirement[]): number =>
    list.reduce((sum, { critical }) => sum + (critical ? CRITICAL_WEIGHT : 1), 0);
  return required.length === 0 ? 1 : weigh(required.filter(isCovered)) / weigh(required);
}

function reasonsOf(
  agent: CandidateAgent,
  required: readonly SkillRequirement[],
  said: {
    isCovered: (one: SkillRequirement) => boolean;
    lacksAll: boolean;
    score: number;
    threshold: number;
  },
): string[] {
  const has = required.filter(said.isCovered).map(({ skill }) => skill);
  const lacks = required.filter((one) => !said.isCovered(one)).map(({ skill }) => skill);
  return [
    ...(required.length === 0 ? ['the task names no particular skill'] : []),
    ...(has.length > 0 ? [`has ${has.join(', ')}`] : []),
    ...(lacks.length > 0 ? [`lacks ${lacks.join(', ')}`] : []),
    ...(agent.activity === 'working' ? ['is at work'] : []),
    ...(agent.load > 0 ? [`holds ${agent.load} other ${agent.load === 1 ? 'seat' : 'seats'}`] : []),
    ...(said.lacksAll ? ['rejected: has no critical skill'] : []),
    ...(said.score < said.threshold ? [`rejected: ${said.score} is below ${said.threshold}`] : []),
  ];
}

/** Scores are kept to four decimals: what is printed is what was compared. */
export function round4(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
