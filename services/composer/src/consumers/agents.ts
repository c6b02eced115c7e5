import { type Delivered } from '@whoosh/bus';
import { agents, CallError, type CloudEvent, type deployments } from '@whoosh/contracts';
import { type Clock } from '@whoosh/stdx';
import { type TeamInput } from '../domain/team-input.ts';
import { type TeamLives } from '../lives.ts';

interface AgentDependencies {
  readonly lives: TeamLives;
  readonly clock: Clock;
  /** Somebody came who may be what a waiting team waits for. */
  readonly onCandidate: () => void;
}

/** Who came, how the deployments of a team fare, and whether their agents work. */
export function onAgent(deps: AgentDependencies) {
  return async ({ body }: Delivered): Promise<void> => {
    const event = body as CloudEvent;
    if (event.type.startsWith('whoosh.deployment.')) {
      await followDeployment(deps, event as CloudEvent<deployments.DeploymentView>);
    } else if (event.type === agents.agentRegistered.type || event.type === agents.agentOnline.type) {
      await meetAgent(deps, event as CloudEvent<agents.AgentView>);
    }
  };
}

async function followDeployment(
  deps: AgentDependencies,
  { id: causationId, data: deployment }: CloudEvent<deployments.DeploymentView>,
): Promise<void> {
  if (deployment.owner_kind !== 'team') return;
  const { status, retry_at: retryAt } = deployment;
  const input: TeamInput = {
    kind: 'deployment',
    at: deps.clock.now(),
    by: 'orchestrator',
    role: deployment.role,
    deploymentId: deployment.id,
    status,
    isGivenUp: status === 'failed' && retryAt === null,
    reason: deployment.reason,
  };
  await applyIfKnown(deps, deployment.owner_id, input, causationId);
}

async function meetAgent(
  deps: AgentDependencies,
  { id: causationId, data: agent }: CloudEvent<agents.AgentView>,
): Promise<void> {
  if (agent.source === 'registered') return deps.onCandidate();
  const { team_id: team, deployment_id: deploymentId, agent_id: agentId } = agent;
  if (team === null || deploymentId === null || agent.activity !== 'working') return;
  const input = {
    kind: 'agent_working',
    at: deps.clock.now(),
    by: 'orchestrator',
    agentId,
    deploymentId,
  } as const;
  await applyIfKnown(deps, team, input, causationId);
}

/** What concerns a team that this database never knew changes nothing here. */
async function applyIfKnown(
  { lives }: AgentDependencies,
  team: string,
  input: TeamInput,
  causationId: string,
): Promise<void> {
  try {
    await lives.apply(team, input, { causationId });
  } catch (cause) {
    if (!(cause instanceof CallError && cause.code === 'not_found')) throw cause;
  }
}
