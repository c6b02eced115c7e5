import { type Delivered } from '@whoosh/bus';
import { agents, CallError, type CloudEvent, type deployments } from '@whoosh/contracts';
import { type Clock } from '@whoosh/stdx';
import { type CouncilSettings } from '../config.ts';
import { type CouncilLives } from '../lives.ts';
import { type CouncilQueries } from '../store/queries.ts';

interface AgentDependencies {
  readonly lives: CouncilLives;
  readonly queries: CouncilQueries;
  readonly settings: CouncilSettings;
  readonly clock: Clock;
}

const STARTING = new Set<string>(['wanted', 'creating', 'running', 'healthy']);

/** Who is deployed for which seat, who is gone, and who is back. */
export function onAgent(deps: AgentDependencies) {
  return async ({ body }: Delivered): Promise<void> => {
    const event = body as CloudEvent;
    if (event.type.startsWith('whoosh.deployment.')) {
      await onDeployment(deps, event as CloudEvent<deployments.DeploymentView>);
    } else if (event.type === agents.agentOffline.type || event.type === agents.agentOnline.type) {
      const { agent_id: agentId, deployment_id: deploymentId } = (event as CloudEvent<agents.AgentView>).data;
      const isBack = event.type === agents.agentOnline.type;
      await tellCouncils(deps, { agentId, deploymentId, isBack, causationId: event.id });
    }
  };
}

async function onDeployment(
  deps: AgentDependencies,
  event: CloudEvent<deployments.DeploymentView>,
): Promise<void> {
  await reserveSeat(deps, event);
  const { owner_kind: ownerKind, desired, status, agent_id: agentId, id: deploymentId } = event.data;
  if (ownerKind !== 'council' || desired !== 'present') return;
  if (status !== 'failed' && status !== 'healthy') return;
  await tellCouncils(deps, { agentId, deploymentId, isBack: status === 'healthy', causationId: event.id });
}

async function reserveSeat(
  { lives, settings, clock }: AgentDependencies,
  { id: causationId, data: deployment }: CloudEvent<deployments.DeploymentView>,
): Promise<void> {
  const { owner_kind: ownerKind, owner_id: council, desired, status, role } = deployment;
  if (ownerKind !== 'council' || desired !== 'present' || !STARTING.has(status)) return;
  const at = clock.now();
  const until = Date.parse(deployment.healthy_deadline_at ?? '') || at + settings.seatReservationMs;
  try {
    await lives.apply(
      council,
      () => ({ kind: 'reserve', at, by: 'orchestrator', role, deploymentId: deployment.id, until }),
      { causationId },
    );
  } catch (cause) {
    // A deployment of a council that this database never knew reserves nothing.
    if (!(cause instanceof CallError && cause.code === 'not_found')) throw cause;
  }
}

interface Presence {
  readonly agentId: string;
  readonly deploymentId: string | null;
  readonly isBack: boolean;
  readonly causationId: string;
}

async function tellCouncils(
  { lives, queries, clock }: AgentDependencies,
  { agentId, deploymentId, isBack, causationId }: Presence,
): Promise<void> {
  for (const council of await queries.heldBy(agentId)) {
    const said = { at: clock.now(), by: 'orchestrator', agentId } as const;
    const input = isBack
      ? ({ kind: 'agent_back', ...said } as const)
      : ({ kind: 'agent_lost', ...said, deploymentId } as const);
    await lives.apply(council, () => input, { causationId });
  }
}
