import * as z from 'zod';
import {
  AgentId,
  ById,
  Capability,
  Id,
  PageRequest,
  pageOf,
  Priority,
  Revision,
  Timestamp,
} from './common.ts';
import { call, lifeEvent, keyedCall } from './define.ts';

export const TEAM_STATUSES = [
  'composing',
  'composed',
  'waiting',
  'deployed',
  'working',
  'completed',
  'failed',
  'cancelled',
] as const;
export const DEPLOYMENT_STATUSES = ['none', 'deploying', 'deployed', 'failed', 'removed'] as const;
export const STRATEGIES = ['minimal_viable', 'balanced_standard'] as const;
export const TEAM_ROLES = ['executor', 'coordinator', 'reviewer'] as const;
export const TASK_TYPES = [
  'feature_development',
  'bug_fix',
  'refactoring',
  'security',
  'integration',
  'migration',
  'research',
  'optimization',
  'maintenance',
] as const;

export const TaskClassification = z.object({
  task_type: z.enum(TASK_TYPES),
  complexity: z.number().min(0).max(1).nullable().describe('Null when complexity analysis is switched off'),
  risk_level: z
    .enum(['low', 'medium', 'high', 'critical'])
    .nullable()
    .describe('Null when risk assessment is switched off'),
  risk_reasons: z.array(z.string()),
  domains: z.array(z.string()),
  priority: Priority,
  estimated_effort_hours: z.number().min(0).nullable(),
  evidence: z.array(z.string()).describe('What in the text led to the type'),
});
export const SkillRequirement = z.object({
  skill: Capability,
  level: z.enum(['basic', 'solid', 'expert']),
  critical: z.boolean(),
  found_in: z.string().describe('Where in the text it came from'),
});
export const TaskAnalysis = z.object({
  classification: TaskClassification,
  skills: z.array(SkillRequirement),
  strategy: z.enum(STRATEGIES),
  method: z.object({
    classification: z.enum(['heuristic', 'llm']),
    skills: z.enum(['heuristic', 'llm']),
    matching: z.enum(['heuristic', 'llm']),
  }),
  fallback_used: z.boolean(),
});
export type TaskAnalysis = z.infer<typeof TaskAnalysis>;

export const TeamMember = z.object({
  role: z.enum(TEAM_ROLES),
  agent_id: AgentId.nullable().describe('Null while nobody suitable is there'),
  score: z.number().min(0).max(1).nullable(),
  reasons: z.array(z.string()),
  deployment_id: Id.nullable(),
  deployment_status: z.string().nullable(),
});

export const TeamView = z.object({
  id: Id,
  task_id: Id,
  attempt: z.int().min(1),
  name: z.string(),
  project_name: z.string().nullable(),
  strategy: z.enum(STRATEGIES),
  status: z.enum(TEAM_STATUSES),
  deployment_status: z.enum(DEPLOYMENT_STATUSES),
  confidence: z.number().min(0).max(1),
  classification: TaskClassification,
  members: z.array(TeamMember).max(16),
  missing: z
    .array(z.object({ role: z.string(), skills: z.array(z.string()), reason: z.string() }))
    .describe('What a waiting team waits for'),
  reason: z.string().nullable(),
  revision: Revision,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type TeamView = z.infer<typeof TeamView>;

export const teamComposed = lifeEvent('team', 'composed', TeamView, 'Every seat has an agent');
export const teamWaiting = lifeEvent('team', 'waiting', TeamView, 'No suitable agent for some seat yet');
export const teamChanged = lifeEvent(
  'team',
  'changed',
  TeamView,
  'A deployment of the team moved on; who sits in it stays',
);
export const teamJoined = lifeEvent(
  'team',
  'joined',
  TeamView,
  'An agent of the team was deployed and is healthy',
);
export const teamDeployed = lifeEvent('team', 'deployed', TeamView, 'Every seat has a healthy deployment');
export const teamWorking = lifeEvent(
  'team',
  'working',
  TeamView,
  'An agent of the team claimed to execute its task',
);
export const teamCompleted = lifeEvent('team', 'completed', TeamView, 'Its work is done');
export const teamFailed = lifeEvent('team', 'failed', TeamView, 'It could not be deployed or could not work');
export const teamCancelled = lifeEvent(
  'team',
  'cancelled',
  TeamView,
  'Its issue was closed before it worked, or an admin ended it',
);

export const CandidateScore = z.object({
  role: z.enum(TEAM_ROLES),
  agent_id: AgentId,
  score: z.number().min(0).max(1),
  parts: z.object({
    skills: z.number(),
    availability: z.number(),
    load: z.number(),
    track_record: z.number(),
  }),
  qualified: z.boolean(),
  chosen: z.boolean(),
  reasons: z.array(z.string()),
});
/** Everything that went into a team, enough to make it again byte for byte. */
export const CompositionDecision = z.object({
  team_id: Id,
  task_id: Id,
  input: z.object({
    title: z.string(),
    body_excerpt: z.string(),
    body_sha256: z.string(),
    labels: z.array(z.string()),
    agents: z.array(
      z.object({
        agent_id: AgentId,
        capabilities: z.array(z.string()),
        status: z.string(),
        activity: z.string(),
        load: z.int(),
        completed: z.int(),
        failed: z.int(),
        model: z.string().nullable(),
      }),
    ),
  }),
  analysis: TaskAnalysis,
  weights: z.object({
    skills: z.number(),
    availability: z.number(),
    load: z.number(),
    track_record: z.number(),
  }),
  threshold: z.number(),
  candidates: z.array(CandidateScore),
  team: z.object({
    strategy: z.enum(STRATEGIES),
    members: z.array(
      z.object({
        role: z.enum(TEAM_ROLES),
        agent_id: AgentId.nullable(),
        score: z.number().nullable(),
        reasons: z.array(z.string()),
      }),
    ),
    confidence: z.number(),
  }),
  alternatives: z
    .array(
      z.object({
        members: z.array(z.object({ role: z.enum(TEAM_ROLES), agent_id: AgentId })),
        confidence: z.number(),
      }),
    )
    .nullable(),
  model: z.string().nullable(),
  prompt_sha256: z.string().nullable(),
  fallback_used: z.boolean(),
  decided_at: Timestamp,
});
export type CompositionDecision = z.infer<typeof CompositionDecision>;

export const listTeams = call('composer', 'team.list', {
  request: z.strictObject({
    ...PageRequest,
    status: z.enum(TEAM_STATUSES).optional(),
    task_id: Id.optional(),
  }),
  reply: pageOf(TeamView),
  errors: [],
  description: 'Teams, newest first',
});
export const getTeam = call('composer', 'team.get', {
  request: ById,
  reply: TeamView,
  errors: ['not_found'],
  description: 'One team',
});
export const createTeam = keyedCall('composer', 'team.create', {
  request: z.strictObject({ task_id: Id, strategy: z.enum(STRATEGIES).optional() }),
  reply: TeamView,
  errors: ['not_found', 'conflict', 'failed_precondition'],
  description: 'Composes a team for a task by hand; a task has one team per attempt',
});
export const analyzeTask = call('composer', 'team.analyze', {
  request: z.strictObject({
    title: z.string().min(1).max(500),
    body: z
      .string()
      .max(256 * 1024)
      .default(''),
    labels: z.array(z.string().max(64)).max(50).default([]),
  }),
  reply: z.object({ analysis: TaskAnalysis, candidates: z.array(CandidateScore) }),
  errors: ['disabled'],
  description: 'What a task needs and who would suit, without composing a team',
});
export const getDecision = call('composer', 'team.decision', {
  request: ById,
  reply: CompositionDecision,
  errors: ['not_found'],
  description: 'Why a team is as it is',
});
export const setTeamStatus = keyedCall('composer', 'team.set_status', {
  request: z.strictObject({
    id: Id,
    status: z.enum(['completed', 'cancelled', 'failed']),
    reason: z.string().min(1).max(500),
  }),
  reply: TeamView,
  errors: ['not_found', 'failed_precondition'],
  description: 'An admin ends a team',
});
