import { type Bus, type Delivered, eventOf } from '@whoosh/bus';
import { CallError, type councils, tasks, type teams } from '@whoosh/contracts';
import { isForeignKeyMissing } from '@whoosh/db';
import { type Clock } from '@whoosh/stdx';
import { traceHeaders } from '@whoosh/telemetry';
import { seatEnvironment } from '../domain/agent-environment.ts';
import { type Deployment, newDeployment, stepDeployment, type Want } from '../domain/deployment.ts';
import { councilOwner, councilSeats, type Owner, type Seat, teamOwner, teamSeats } from '../domain/seats.ts';
import { type Cause, type Lives } from '../lives.ts';
import { type AgentStore } from '../store/agents.ts';
import { type DeploymentStore } from '../store/deployments.ts';
import { type OwnerStore } from '../store/owners.ts';

export interface OwnersDeps {
  readonly bus: Pick<Bus, 'call'>;
  readonly lives: Lives;
  readonly owners: OwnerStore;
  readonly agents: AgentStore;
  readonly deployments: DeploymentStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly runtime: Deployment['runtime'];
  readonly image: string;
  /** Something is to be done. */
  readonly onWanted: () => void;
}

/**
 * Hears what councils and teams become and keeps the deployments they want: one per seat, made once however often
 * it is said, and unwanted when the seat or its owner is done with. Works from the newest word alone.
 */
export function followOwners(deps: OwnersDeps) {
  return async (message: Delivered): Promise<void> => {
    const event = eventOf(message);
    const heard = heardOf(event.type, event.data);
    if (heard === undefined || (await deps.owners.isKnown(heard.owner))) return;
    const wants = await newWants(deps, heard.owner, heard.seats);
    const cause = { by: `${heard.owner.kind} ${heard.owner.id}`, causationId: event.id };
    await settle(deps, heard, wants, cause).catch((failure: unknown) => {
      if (!isForeignKeyMissing(failure)) throw failure;
      throw new CallError('unavailable', 'the task is not stored yet', { cause: failure });
    });
    deps.onWanted();
  };
}

interface Heard {
  readonly owner: Owner;
  readonly seats: readonly Seat[];
}

function heardOf(type: string, data: unknown): Heard | undefined {
  if (type.startsWith('whoosh.council.')) {
    const view = data as councils.CouncilView;
    return { owner: councilOwner(view), seats: councilSeats(view) };
  }
  if (type.startsWith('whoosh.team.')) {
    const view = data as teams.TeamView;
    return { owner: teamOwner(view), seats: teamSeats(view) };
  }
  return undefined;
}

/** The seats that have no deployment yet. Reads the task only when there is one; its owner may be away, then all waits. */
async function newWants(deps: OwnersDeps, owner: Owner, seats: readonly Seat[]): Promise<Want[]> {
  const made = await deps.deployments.seatsOf({ ownerKind: owner.kind, ownerId: owner.id });
  const missing = seats.filter((seat) => !made.some((one) => isSameSeat(one, seat)));
  if (missing.length === 0) return [];
  const task = await deps.bus.call(tasks.getTask, { id: owner.taskId });
  const profileIds = missing.flatMap(({ profileAgentId }) => profileAgentId ?? []);
  const profiles = new Map((await deps.agents.findMany(profileIds)).map((agent) => [agent.agentId, agent]));
  const { traceparent } = traceHeaders();
  return missing.map((seat) => ({
    id: deps.newId(),
    ownerKind: owner.kind,
    ownerId: owner.id,
    taskId: owner.taskId,
    project: owner.project,
    role: seat.role,
    slot: seat.slot,
    agentId: seat.agentId,
    profileAgentId: seat.profileAgentId,
    runtime: deps.runtime,
    image: deps.image,
    environment: {
      ...seatEnvironment(owner, seat, task, profiles.get(seat.profileAgentId ?? '')),
      ...(traceparent !== undefined && { TRACEPARENT: traceparent }),
    },
  }));
}

async function settle(
  { lives, owners, deployments: store, clock }: OwnersDeps,
  { owner, seats }: Heard,
  wants: readonly Want[],
  cause: Cause,
): Promise<void> {
  const at = clock.now();
  const reason = `the ${owner.kind} is ${owner.status}`;
  await lives.together(async (trx) => {
    // Holds the owner: two processes that hear different words of it act one after the other.
    if (!(await owners.advance(trx, owner, at))) return;
    for (const want of wants) {
      const step = newDeployment(want, at, reason);
      if (!(await store.insert(trx, step.deployment))) continue;
      // Without the task's text, which would be kept once per seat for ever.
      const input = { type: 'wanted', at, reason, want: { ...want, environment: {} } };
      await lives.recordDeployment(trx, step, input, cause);
    }
    for (const seat of await store.seatsOf({ ownerKind: owner.kind, ownerId: owner.id }, trx)) {
      if (seats.some((wanted) => isSameSeat(wanted, seat))) continue;
      const deployment = await store.lock(trx, seat.id);
      if (deployment === undefined) continue;
      const input = { type: 'unwanted', at, reason } as const;
      await lives.deploymentStep(trx, stepDeployment(deployment, input), input, cause);
    }
  });
}

function isSameSeat(a: Pick<Seat, 'role' | 'slot'>, b: Pick<Seat, 'role' | 'slot'>): boolean {
  return a.role === b.role && a.slot === b.slot;
}
