import * as z from 'zod';
import { AgentId, Capability, Id, PageRequest, pageOf, Revision, Timestamp } from './common.ts';
import { call, lifeEvent } from './define.ts';
import { CLAIM_STATES } from './backbeat.ts';

export const AGENT_STATUSES = ['online', 'stale', 'offline'] as const;
export const AGENT_ACTIVITIES = ['idle', 'working'] as const;

export const LastClaim = z.object({
  beat_index: z.int().min(0),
  state: z.enum(CLAIM_STATES),
  task_id: z.string().nullable(),
  beats_left: z.int().nullable(),
  progress: z.number().nullable(),
  at: Timestamp,
});

export const AgentView = z.object({
  id: Id,
  agent_id: AgentId,
  name: z.string(),
  role: z.string().nullable(),
  capabilities: z.array(Capability).max(64),
  model: z.string().nullable(),
  endpoint: z.string().nullable(),
  source: z.enum(['registered', 'deployed']).describe('How it became known'),
  deployment_id: Id.nullable(),
  council_id: Id.nullable(),
  team_id: Id.nullable(),
  status: z.enum(AGENT_STATUSES),
  activity: z.enum(AGENT_ACTIVITIES),
  epoch: z.int().min(1).describe('Rises when it comes back after having been offline'),
  last_seen: Timestamp.nullable(),
  last_claim: LastClaim.nullable(),
  revision: Revision,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type AgentView = z.infer<typeof AgentView>;

export const agentRegistered = lifeEvent(
  'agent',
  'registered',
  AgentView,
  'An agent said who it is and what it can do',
);
export const agentOnline = lifeEvent(
  'agent',
  'online',
  AgentView,
  'It is heard again, with a new epoch when it had been offline',
);
export const agentStale = lifeEvent('agent', 'stale', AgentView, 'It missed its beats');
export const agentOffline = lifeEvent('agent', 'offline', AgentView, 'It is gone');

export const registerAgent = call('orchestrator', 'agent.register', {
  request: z.strictObject({
    agent_id: AgentId,
    name: z.string().min(1).max(200).optional(),
    role: z.string().max(64).optional(),
    capabilities: z.array(Capability).max(64),
    model: z.string().max(100).optional(),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .optional(),
  }),
  reply: z.object({ agent: AgentView, token: z.string(), expires_at: Timestamp }),
  errors: ['unauthenticated', 'permission_denied'],
  description: 'With a join token, an agent token or a service token; answers with the agent token',
});
export const listAgents = call('orchestrator', 'agent.list', {
  request: z.strictObject({
    ...PageRequest,
    status: z.enum(AGENT_STATUSES).optional(),
    role: z.string().optional(),
  }),
  reply: pageOf(AgentView).extend({ discovered_count: z.int().min(0) }),
  errors: [],
  description: 'Agents, newest first; `discovered_count` is how many are known in all',
});
export const getAgent = call('orchestrator', 'agent.get', {
  request: z.strictObject({ agent_id: AgentId }),
  reply: AgentView,
  errors: ['not_found'],
  description: 'One agent',
});
export const setAgentStatus = call('orchestrator', 'agent.set_status', {
  request: z.strictObject({
    agent_id: AgentId,
    status: z.enum(['online', 'offline']),
    activity: z.enum(AGENT_ACTIVITIES).optional(),
  }),
  reply: AgentView,
  errors: ['not_found', 'permission_denied'],
  description: 'A heartbeat over REST, or a farewell',
});
