import { type Bus } from '@whoosh/bus';
import { agents, LIST_ITEMS_MAX } from '@whoosh/contracts';
import { type AgentRecord, NO_RECORD } from './store/records.ts';
import { type CandidateAgent } from './domain/match.ts';

/** Of more agents than this the newest are asked about. */
export const AGENTS_MAX = 5_000;

/** Everybody who registered by itself and is online; agents deployed for a seat already have their work. */
export async function onlineAgents(bus: Bus, causationId?: string): Promise<agents.AgentView[]> {
  const found: agents.AgentView[] = [];
  let cursor: string | undefined;
  for (let seen = 0; seen < AGENTS_MAX; seen += LIST_ITEMS_MAX) {
    const page = await bus.call(
      agents.listAgents,
      { status: 'online', limit: LIST_ITEMS_MAX, ...(cursor !== undefined && { cursor }) },
      causationId === undefined ? {} : { causationId },
    );
    found.push(...page.items.filter(({ source, status }) => source === 'registered' && status === 'online'));
    if (page.next_cursor === null) break;
    cursor = page.next_cursor;
  }
  return found;
}

export function candidatesFrom(
  online: readonly agents.AgentView[],
  records: ReadonlyMap<string, AgentRecord>,
): CandidateAgent[] {
  // A page may repeat an agent that moved between two of them.
  const unique = new Map(online.map((agent) => [agent.agent_id, agent]));
  return [...unique.values()].map((agent) => ({
    agent_id: agent.agent_id,
    capabilities: agent.capabilities,
    status: agent.status,
    activity: agent.activity,
    ...(records.get(agent.agent_id) ?? NO_RECORD),
    model: agent.model,
  }));
}
