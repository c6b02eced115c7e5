import * as z from 'zod';
import { AgentId, ById, Id, PageRequest, pageOf, Revision, RoleId, Timestamp } from './common.ts';
import { call, lifeEvent } from './define.ts';

export const DEPLOYMENT_STATES = [
  'wanted',
  'creating',
  'running',
  'healthy',
  'draining',
  'removed',
  'failed',
] as const;

export const DeploymentView = z.object({
  id: Id,
  owner_kind: z.enum(['council', 'team']),
  owner_id: Id,
  task_id: Id,
  project: z.string().nullable(),
  role: RoleId,
  slot: z.int().min(0),
  agent_id: AgentId.describe('Under which the deployed agent registers and claims'),
  profile_agent_id: AgentId.nullable().describe(
    'The registered agent that was matched to the seat and whose skills and model it works with',
  ),
  runtime: z.enum(['swarm', 'process']),
  image: z.string(),
  desired: z.enum(['present', 'absent']),
  status: z.enum(DEPLOYMENT_STATES),
  reason: z.string().nullable(),
  attempt: z.int().min(1),
  generation: z.int().min(1),
  runtime_ref: z.string().nullable(),
  first_claim_at: Timestamp.nullable(),
  healthy_deadline_at: Timestamp.nullable(),
  retry_at: Timestamp.nullable()
    .optional()
    .describe('Of a failed one: when the next attempt begins; null when it is given up for good'),
  revision: Revision,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type DeploymentView = z.infer<typeof DeploymentView>;

export const deploymentWanted = lifeEvent(
  'deployment',
  'wanted',
  DeploymentView,
  'An agent is to run; nothing has been asked of the runtime yet',
);
export const deploymentCreating = lifeEvent(
  'deployment',
  'creating',
  DeploymentView,
  'The runtime is being asked for it; every attempt has its own generation',
);
export const deploymentRunning = lifeEvent(
  'deployment',
  'running',
  DeploymentView,
  'Its process or container runs',
);
export const deploymentHealthy = lifeEvent(
  'deployment',
  'healthy',
  DeploymentView,
  'It runs and its first valid StatusClaim was heard',
);
export const deploymentFailed = lifeEvent(
  'deployment',
  'failed',
  DeploymentView,
  'It ended or never became healthy; another attempt follows until the limit',
);
export const deploymentDraining = lifeEvent(
  'deployment',
  'draining',
  DeploymentView,
  'It is not wanted any more and is being stopped',
);
export const deploymentRemoved = lifeEvent(
  'deployment',
  'removed',
  DeploymentView,
  'Nothing of it runs any more',
);

export const listDeployments = call('orchestrator', 'deployment.list', {
  request: z.strictObject({
    ...PageRequest,
    owner_id: Id.optional(),
    status: z.enum(DEPLOYMENT_STATES).optional(),
  }),
  reply: pageOf(DeploymentView),
  errors: [],
  description: 'Deployments, newest first',
});
export const getDeployment = call('orchestrator', 'deployment.get', {
  request: ById,
  reply: DeploymentView,
  errors: ['not_found'],
  description: 'One deployment',
});
