/** Which agents a council or a team wants, read from its newest view; the same view gives the same seats. */
import { type councils, type teams } from '@whoosh/contracts';

/**
 * With this begin the ids of all agents that are started here, and of no others: one line in the list of trusted keys
 * covers them.
 */
export const DEPLOYED_AGENT_PREFIX = 'whoosh-';

export interface Owner {
  readonly kind: 'council' | 'team';
  readonly id: string;
  readonly taskId: string;
  readonly project: string | null;
  readonly status: string;
  readonly revision: number;
}

export interface Seat {
  readonly role: string;
  readonly slot: number;
  /** The id under which the agent of this seat registers and claims; the same for the same seat. */
  readonly agentId: string;
  /** The registered agent whose skills and model it works with. */
  readonly profileAgentId: string | null;
}

export function councilOwner(view: councils.CouncilView): Owner {
  return {
    kind: 'council',
    id: view.id,
    taskId: view.task_id,
    project: view.project_name,
    status: view.status,
    revision: view.revision,
  };
}

export function teamOwner(view: teams.TeamView): Owner {
  return {
    kind: 'team',
    id: view.id,
    taskId: view.task_id,
    project: view.project_name,
    status: view.status,
    revision: view.revision,
  };
}

/**
 * One agent per seat while the council forms or works. A seat that is absent needs none, and one that another
 * agent has taken needs ours no more.
 */
export function councilSeats(view: councils.CouncilView): Seat[] {
  if (view.status !== 'forming' && view.status !== 'active') return [];
  return [...view.core_agents, ...view.optional_agents]
    .filter(({ status }) => status === 'open' || status === 'claimed')
    .map((seat) => ({ seat, agentId: agentIdOf(seat.role, 0, view.id) }))
    .filter(({ seat, agentId }) => seat.agent_id === null || seat.agent_id === agentId)
    .map(({ seat, agentId }) => ({ role: seat.role, slot: 0, agentId, profileAgentId: null }));
}

const TEAM_WANTS_AGENTS = new Set<teams.TeamView['status']>(['composed', 'deployed', 'working']);

/** One agent per member from the moment the team is composed; members of one role get slots in their order. */
export function teamSeats(view: teams.TeamView): Seat[] {
  if (!TEAM_WANTS_AGENTS.has(view.status)) return [];
  const slots = new Map<string, number>();
  return view.members.map((member) => {
    const slot = slots.get(member.role) ?? 0;
    slots.set(member.role, slot + 1);
    return {
      role: member.role,
      slot,
      agentId: agentIdOf(member.role, slot, view.id),
      profileAgentId: member.agent_id,
    };
  });
}

/** The random end of the owner's id tells agents of the same role apart; the time at its beginning would not. */
function agentIdOf(role: string, slot: number, ownerId: string): string {
  const tail = ownerId.replaceAll('-', '').slice(-12);
  const seat = slot === 0 ? role : `${role}-${slot}`;
  return `${DEPLOYED_AGENT_PREFIX}${seat}-${tail}`;
}
