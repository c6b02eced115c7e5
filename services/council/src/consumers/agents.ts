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

/** Who is deployed for which seat, and who is gone. */
export function onAgent(deps: AgentDependencies) {
  return async ({ body }: Delivered): Promise<void> => {
    const event = body as CloudEvent;
    if (event.type.startsWith('whoosh.deployment.')) {
      await reserveSeat(deps, event as CloudEvent<deployments.DeploymentView>);
    } else if (event.type === agents.agentOffline.type) {
      await loseAgent(deps, event as CloudEvent<agents.AgentView>);
    }
  };
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

async function loseAgent(
  { lives, queries, clock }: AgentDependencies,
  { id: causationId, data: agent }: CloudEvent<agents.AgentView>,
): Promise<void> {
  for (const council of await queries.heldBy(agent.agent_id)) {
    await lives.apply(
      council,
      () => ({
        kind: 'agent_lost',
        at: clock.now(),
        by: 'orchestrator',
        agentId: agent.agent_id,
        deploymentId: agent.deployment_id,
      }),
      { causationId },
    );
  }
}
