import { assert, sha256Hex } from '@whoosh/stdx';
import { analyse, type AnalysisSettings, type Strategy } from './analysis.ts';
import { compose, type SizeLimits, wantedRoles } from './compose.ts';
import {
  type CandidateAgent,
  type CandidateScore,
  type Decision,
  requirementsFor,
  scoreCandidate,
  type TeamRole,
  WEIGHTS,
} from './match.ts';
import { skillsCovered } from './skills.ts';
import { analysedBody, type TaskText } from './task-text.ts';

/** At most so many agents are weighed for one team, those with the most of its skills; the decision keeps them all. */
export const CANDIDATES_MAX = 200;

export interface DecisionSettings extends AnalysisSettings {
  readonly threshold: number;
  readonly size: SizeLimits;
  readonly hasAlternatives: boolean;
}

export interface DecisionRequest {
  readonly teamId: string;
  readonly taskId: string;
  readonly text: TaskText;
  readonly agents: readonly CandidateAgent[];
  /** RFC 3339. */
  readonly decidedAt: string;
  /** Instead of the one that the analysis would choose. */
  readonly strategy?: Strategy | undefined;
}

/** The whole way from a text to a team. The same request and settings give the same decision, byte for byte. */
export function decide(request: DecisionRequest, settings: DecisionSettings): Decision {
  const { text } = request;
  const analysis = analyse(text, settings, request.strategy);
  const roles = wantedRoles(analysis, settings.size);
  const agents = shortList(request.agents, analysis);
  const input: Decision['input'] = {
    title: text.title,
    body_excerpt: analysedBody(text.body),
    body_sha256: sha256Hex(text.body),
    labels: [...text.labels],
    agents,
  };
  return {
    team_id: request.teamId,
    task_id: request.taskId,
    input,
    analysis,
    weights: WEIGHTS,
    threshold: settings.threshold,
    ...composeFrom({
      input,
      analysis,
      weights: WEIGHTS,
      threshold: settings.threshold,
      roles,
      min: settings.size.min,
      hasAlternatives: settings.hasAlternatives,
    }),
    model: null,
    prompt_sha256: null,
    fallback_used: false,
    decided_at: request.decidedAt,
  };
}

/** Makes a recorded decision again from what it recorded: equal, or somebody changed the rules since. */
export function remake(decision: Decision): Decision {
  const roles = decision.team.members.map(({ role }) => role);
  const made = composeFrom({
    ...decision,
    roles,
    min: roles.length,
    hasAlternatives: decision.alternatives !== null,
  });
  return { ...decision, ...made };
}

export function scoreAll(
  agents: readonly CandidateAgent[],
  roles: readonly TeamRole[],
  rules: Pick<Decision, 'analysis' | 'weights' | 'threshold'>,
): Omit<CandidateScore, 'chosen'>[] {
  return roles.flatMap((role) => agents.map((agent) => scoreCandidate(agent, role, rules)));
}

function composeFrom(
  from: Pick<Decision, 'input' | 'analysis' | 'weights' | 'threshold'> & {
    readonly roles: readonly TeamRole[];
    readonly min: number;
    readonly hasAlternatives: boolean;
  },
): Pick<Decision, 'candidates' | 'team' | 'alternatives'> {
  const { analysis, roles, min, hasAlternatives } = from;
  const all = scoreAll(from.input.agents, roles, from);
  const { team, alternatives } = compose(analysis, all, { roles, min, hasAlternatives });
  const kept = new Set(team.members.map(({ role }) => role));
  const candidates = all
    .filter(({ role }) => kept.has(role))
    .map((one) => ({
      ...one,
      chosen: team.members.some((member) => member.role === one.role && member.agent_id === one.agent_id),
    }));
  return { candidates, team, alternatives };
}

/** In a fixed order whatever order the agents came in: most of the skills first, then by name. */
export function shortList(
  agents: readonly CandidateAgent[],
  analysis: Decision['analysis'],
): CandidateAgent[] {
  const wanted = [
    ...requirementsFor('executor', analysis),
    ...requirementsFor('reviewer', analysis),
    ...requirementsFor('coordinator', analysis),
  ].map(({ skill }) => skill);
  const worth = ({ capabilities }: CandidateAgent): number => {
    const covered = skillsCovered(capabilities);
    return wanted.filter((skill) => covered.has(skill)).length;
  };
  const ranked = agents.map((agent) => ({ agent, worth: worth(agent) }));
  ranked.sort((a, b) => b.worth - a.worth || (a.agent.agent_id < b.agent.agent_id ? -1 : 1));
  const listed = ranked.slice(0, CANDIDATES_MAX).map(({ agent }) => agent);
  assert(new Set(listed.map((agent) => agent.agent_id)).size === listed.length, 'an agent is listed once');
  return listed;
}

export interface Missing {
  readonly role: string;
  readonly skills: string[];
  readonly reason: string;
}

/** What a team waits for. */
export function missingOf({ team, analysis }: Decision): Missing[] {
  return team.members
    .filter(({ agent_id: agent }) => agent === null)
    .map(({ role, reasons }) => ({
      role,
      skills: requirementsFor(role, analysis).map(({ skill }) => skill),
      reason: reasons.join('; '),
    }));
}
