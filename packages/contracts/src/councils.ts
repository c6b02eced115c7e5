import * as z from 'zod';
import {
  AgentId,
  ById,
  Capability,
  Id,
  PageRequest,
  pageOf,
  Revision,
  RoleId,
  Sha256,
  Timestamp,
} from './common.ts';
import { call, lifeEvent, message, keyedCall } from './define.ts';

export const COUNCIL_STATUSES = ['forming', 'active', 'completed', 'failed', 'cancelled'] as const;
export const SEAT_STATUSES = ['open', 'claimed', 'released', 'absent'] as const;
export const ROUND_PHASES = ['propose', 'critique', 'revise', 'vote'] as const;
export const ARTIFACT_KINDS = [
  'kickoff_manifest',
  'seminal_decision_record',
  'scaffold_plan',
  'gate_tests',
] as const;

export const ARTIFACT_BYTES_MAX = 512 * 1024;

export const CouncilSeat = z.object({
  role: RoleId,
  name: z.string(),
  required: z.boolean(),
  why: z.string().describe('Why this role sits in the council'),
  status: z.enum(SEAT_STATUSES),
  agent_id: AgentId.nullable(),
  deployment_id: Id.nullable().describe('The deployment the seat is reserved for'),
  claimed_at: Timestamp.nullable(),
});
export type CouncilSeat = z.infer<typeof CouncilSeat>;

export const ArtifactView = z.object({
  id: Id,
  council_id: Id,
  kind: z.enum(ARTIFACT_KINDS),
  version: z.int().min(1),
  media_type: z.string(),
  sha256: Sha256,
  bytes: z.int().min(0),
  path: z.string(),
  ucxl_address: z.string(),
  author_agent_id: AgentId,
  author_role: RoleId,
  ratified: z.boolean(),
  votes_yes: z.int().min(0),
  votes_no: z.int().min(0),
  created_at: Timestamp,
});
export type ArtifactView = z.infer<typeof ArtifactView>;
export const ArtifactWithContent = ArtifactView.extend({ content: z.string() });
export type ArtifactWithContent = z.infer<typeof ArtifactWithContent>;

export const RoundView = z.object({
  number: z.int().min(1),
  phase: z.enum(ROUND_PHASES),
  opened_at_beat: z.int().min(0),
  phase_opened_at_beat: z.int().min(0),
});
export type RoundView = z.infer<typeof RoundView>;

/** `CouncilComposition`, with the life around it. */
export const CouncilView = z.object({
  id: Id,
  council_id: Id.describe('The same as `id`, under the name that existing readers know'),
  task_id: Id,
  attempt: z.int().min(1),
  project_name: z.string(),
  title: z.string(),
  core_agents: z.array(CouncilSeat),
  optional_agents: z.array(CouncilSeat),
  strategy: z.string(),
  status: z.enum(COUNCIL_STATUSES),
  reason: z.string().nullable(),
  round: RoundView.nullable(),
  artifacts: z.array(ArtifactView).max(64).describe('The newest version of each kind'),
  seat_deadline_at: Timestamp,
  revision: Revision,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type CouncilView = z.infer<typeof CouncilView>;

export const councilForming = lifeEvent(
  'council',
  'forming',
  CouncilView,
  'A Design Brief was seen; seats are open',
);
export const councilRoleOffered = lifeEvent(
  'council',
  'role_offered',
  CouncilView,
  'A seat is open to any qualified agent',
);
export const councilSeatChanged = lifeEvent(
  'council',
  'seat_changed',
  CouncilView,
  'A seat was reserved for the agent deployed for it, or found nobody by its deadline',
);
export const councilRoleClaimed = lifeEvent('council', 'role_claimed', CouncilView, 'An agent took a seat');
export const councilActive = lifeEvent(
  'council',
  'active',
  CouncilView,
  'All core seats are taken; work began',
);
export const councilArtifactAdded = lifeEvent(
  'council',
  'artifact_added',
  CouncilView,
  'A version of an artifact was stored',
);
export const councilPhaseChanged = lifeEvent(
  'council',
  'phase_changed',
  CouncilView,
  'The round went on to its next phase',
);
export const councilVoteCast = lifeEvent(
  'council',
  'vote_cast',
  CouncilView,
  'A seat voted on a version of an artifact',
);
export const councilRoundClosed = lifeEvent(
  'council',
  'round_closed',
  CouncilView,
  'A round ended; another begins or the council ends',
);
export const councilCompleted = lifeEvent(
  'council',
  'completed',
  CouncilView,
  'The required artifacts are ratified',
);
export const councilFailed = lifeEvent(
  'council',
  'failed',
  CouncilView,
  'It could not be formed or could not agree',
);
export const councilCancelled = lifeEvent(
  'council',
  'cancelled',
  CouncilView,
  'Its issue was closed, or an admin ended it',
);

export const Opportunity = z.object({
  type: z.literal('whoosh.opportunity.v1'),
  id: z.string().max(128),
  council_id: Id,
  task_id: Id,
  project: z.string(),
  role: RoleId,
  capabilities: z.array(Capability),
  closes_at: Timestamp,
});
export const opportunities = message(
  'whoosh.opportunity.v1',
  'whoosh.v1.agents.opportunity.{id}',
  Opportunity,
  'An open seat, to every agent; repeated every bar until decided',
);

export const listCouncils = call('council', 'council.list', {
  request: z.strictObject({
    ...PageRequest,
    status: z.enum(COUNCIL_STATUSES).optional(),
    task_id: Id.optional(),
  }),
  reply: pageOf(CouncilView),
  errors: [],
  description: 'Councils, newest first',
});
export const getCouncil = call('council', 'council.get', {
  request: ById,
  reply: CouncilView,
  errors: ['not_found'],
  description: 'One council',
});
export const claimRole = keyedCall('council', 'council.claim_role', {
  request: z.strictObject({
    council_id: Id,
    agent_id: AgentId,
    role: RoleId,
    capabilities: z.array(Capability).max(64),
  }),
  reply: CouncilView,
  errors: ['not_found', 'taken', 'not_qualified', 'failed_precondition', 'permission_denied'],
  description: 'An agent takes a seat: one winner, the loser is told who',
});
export const addArtifact = keyedCall('council', 'council.add_artifact', {
  request: z.strictObject({
    council_id: Id,
    kind: z.enum(ARTIFACT_KINDS),
    media_type: z
      .string()
      .regex(/^[a-z]+\/[a-z0-9.+-]+$/)
      .max(100),
    content: z.string().min(1),
    path: z
      .string()
      .regex(/^[A-Za-z0-9._/-]{1,200}$/)
      .optional(),
  }),
  reply: ArtifactView,
  errors: ['not_found', 'permission_denied', 'failed_precondition', 'too_large'],
  description: 'Stores a version of an artifact; the same content again is the same version',
});
export const listArtifacts = call('council', 'council.artifacts', {
  request: z.strictObject({ council_id: Id, ...PageRequest, kind: z.enum(ARTIFACT_KINDS).optional() }),
  reply: pageOf(ArtifactView),
  errors: ['not_found'],
  description: 'Every version of the artifacts of a council, newest first, without content',
});
export const getArtifact = call('council', 'council.artifact', {
  request: z.strictObject({ council_id: Id, artifact_id: Id }),
  reply: ArtifactWithContent,
  errors: ['not_found'],
  description: 'One version with its content',
});
export const castVote = keyedCall('council', 'council.vote', {
  request: z.strictObject({
    council_id: Id,
    artifact_id: Id,
    vote: z.enum(['yes', 'no']),
    reason: z.string().max(2_000).optional(),
  }),
  reply: ArtifactView,
  errors: ['not_found', 'permission_denied', 'failed_precondition', 'taken'],
  description: 'A claimed core seat votes once per version',
});
export const cancelCouncil = keyedCall('council', 'council.cancel', {
  request: z.strictObject({ id: Id, reason: z.string().max(500).optional() }),
  reply: CouncilView,
  errors: ['not_found', 'failed_precondition'],
  description: 'Ends a forming or active council and its agents',
});
