import { type agents, CallError, type ReplyOf, type RequestOf } from '@whoosh/contracts';
import { type CallContext } from '@whoosh/bus';
import { type Clock } from '@whoosh/stdx';
import { type Agent, type AgentInput } from '../domain/agent.ts';
import { type Lives } from '../lives.ts';
import { type AgentStore } from '../store/agents.ts';
import { agentView } from '../store/views.ts';

export interface AgentCallDeps {
  readonly agents: AgentStore;
  readonly lives: Lives;
  readonly clock: Clock;
  /** The agent with what was heard of it and is not yet in its row. */
  readonly withNews: (agent: Agent) => Agent;
  readonly onChanged: (agent: Agent) => void;
}

type ListRequest = RequestOf<typeof agents.listAgents>;

export function listAgents({ agents: store, withNews }: AgentCallDeps) {
  return async (request: ListRequest): Promise<ReplyOf<typeof agents.listAgents>> => {
    const { items, nextCursor, known } = await store.list(request);
    return {
      items: items.map((agent) => agentView(withNews(agent))),
      next_cursor: nextCursor,
      discovered_count: known,
    };
  };
}

export function getAgent({ agents: store, withNews }: AgentCallDeps) {
  return async ({ agent_id: agentId }: RequestOf<typeof agents.getAgent>): Promise<agents.AgentView> => {
    const agent = await store.find(agentId);
    if (agent === undefined) throw new CallError('not_found', `there is no agent ${agentId}`);
    return agentView(withNews(agent));
  };
}

/** A heartbeat or a farewell, by the agent itself or by a service or admin for it. */
export function setAgentStatus({ lives, clock, onChanged }: AgentCallDeps) {
  return async (
    request: RequestOf<typeof agents.setAgentStatus>,
    { principal, requestId }: CallContext,
  ): Promise<agents.AgentView> => {
    const { agent_id: agentId, status, activity } = request;
    const isItself = principal?.kind === 'agent' && principal.id === agentId;
    const mayForOthers = principal?.role === 'service' || principal?.role === 'admin';
    if (!isItself && !mayForOthers) {
      throw new CallError('permission_denied', 'an agent speaks only for itself');
    }
    const at = clock.now();
    const input: AgentInput =
      status === 'offline' ? { type: 'farewell', at } : { type: 'heartbeat', at, activity };
    // One whose deployment was removed stays gone: its last words must not bring it back.
    const isDue = ({ removedAt }: Agent) => removedAt === null || status === 'offline';
    const cause = { by: principal.id, causationId: requestId };
    const agent = await lives.changeAgent(agentId, input, cause, isDue);
    if (agent === undefined) throw new CallError('not_found', `there is no agent ${agentId}`);
    onChanged(agent);
    return agentView(agent);
  };
}
