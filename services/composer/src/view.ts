import { type teams } from '@whoosh/contracts';
import { type Team } from './domain/team.ts';

/** A team as everybody may see it. */
export function toView(team: Team): teams.TeamView {
  return {
    id: team.id,
    task_id: team.taskId,
    attempt: team.attempt,
    name: team.name,
    project_name: team.projectName,
    strategy: team.strategy,
    status: team.status,
    deployment_status: team.deploymentStatus,
    confidence: team.confidence,
    classification: team.classification,
    members: team.members.map((member) => ({
      role: member.role,
      agent_id: member.agentId,
      score: member.score,
      reasons: [...member.reasons],
      deployment_id: member.deploymentId,
      deployment_status: member.deploymentStatus,
    })),
    missing: team.missing.map(({ role, skills, reason }) => ({ role, skills: [...skills], reason })),
    reason: team.reason,
    revision: team.revision,
    created_at: isoTime(team.createdAt),
    updated_at: isoTime(team.updatedAt),
  };
}

export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
