import { type agents, type deployments } from '@whoosh/contracts';
import { type Agent, type HeardClaim } from '../domain/agent.ts';
import { type Deployment } from '../domain/deployment.ts';
import { toText } from './times.ts';

export function agentView(agent: Agent): agents.AgentView {
  return {
    id: agent.id,
    agent_id: agent.agentId,
    name: agent.name,
    role: agent.role,
    capabilities: [...agent.capabilities],
    model: agent.model,
    endpoint: agent.endpoint,
    source: agent.source,
    deployment_id: agent.deploymentId,
    council_id: agent.councilId,
    team_id: agent.teamId,
    status: agent.status,
    activity: agent.activity,
    epoch: agent.epoch,
    last_seen: toText(agent.lastSeen),
    last_claim: agent.lastClaim === null ? null : claimView(agent.lastClaim),
    revision: agent.revision,
    created_at: toText(agent.createdAt),
    updated_at: toText(agent.updatedAt),
  };
}

function claimView(claim: HeardClaim): NonNullable<agents.AgentView['last_claim']> {
  return {
    beat_index: claim.beatIndex,
    state: claim.state,
    task_id: claim.taskId,
    beats_left: claim.beatsLeft,
    progress: claim.progress,
    at: toText(claim.at),
  };
}

/** Without what only this service may know: the environment and the digest of the join token. */
export function deploymentView(deployment: Deployment): deployments.DeploymentView {
  return {
    id: deployment.id,
    owner_kind: deployment.ownerKind,
    owner_id: deployment.ownerId,
    task_id: deployment.taskId,
    project: deployment.project,
    role: deployment.role,
    slot: deployment.slot,
    agent_id: deployment.agentId,
    profile_agent_id: deployment.profileAgentId,
    runtime: deployment.runtime,
    image: deployment.image,
    desired: deployment.desired,
    status: deployment.status,
    reason: deployment.reason,
    attempt: deployment.attempt,
    generation: deployment.generation,
    runtime_ref: deployment.runtimeRef,
    first_claim_at: toText(deployment.firstClaimAt),
    healthy_deadline_at: toText(deployment.healthyDeadlineAt),
    retry_at: toText(deployment.retryAt),
    revision: deployment.revision,
    created_at: toText(deployment.createdAt),
    updated_at: toText(deployment.updatedAt),
  };
}
