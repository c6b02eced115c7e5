import { agents, deployments } from '@whoosh/contracts';
import { callRoute, type Route } from './route.ts';

const agent = { params: { agentID: 'agent_id' }, tag: 'agents' };

export const AGENT_ROUTES: readonly Route[] = [
  callRoute(
    {
      method: 'get',
      path: '/api/v1/agents',
      who: 'any',
      tag: 'agents',
      operation: 'listAgents',
      message: 'Agents',
    },
    agents.listAgents,
  ),
  callRoute(
    {
      method: 'post',
      path: '/api/v1/agents/register',
      who: 'register',
      tag: 'agents',
      operation: 'registerAgent',
      message: 'Agent registered',
      lenient: true,
    },
    agents.registerAgent,
  ),
  callRoute(
    {
      ...agent,
      method: 'get',
      path: '/api/v1/agents/{agentID}',
      who: 'any',
      operation: 'getAgent',
      message: 'Agent',
    },
    agents.getAgent,
  ),
  callRoute(
    {
      ...agent,
      method: 'put',
      path: '/api/v1/agents/{agentID}/status',
      who: 'agent-or-service',
      operation: 'setAgentStatus',
      message: 'Noted',
      lenient: true,
    },
    agents.setAgentStatus,
  ),
];

export const DEPLOYMENT_ROUTES: readonly Route[] = [
  callRoute(
    {
      method: 'get',
      path: '/api/v1/deployments',
      who: 'any',
      tag: 'deployments',
      operation: 'listDeployments',
      message: 'Deployments',
    },
    deployments.listDeployments,
  ),
  callRoute(
    {
      method: 'get',
      path: '/api/v1/deployments/{deploymentID}',
      params: { deploymentID: 'id' },
      who: 'any',
      tag: 'deployments',
      operation: 'getDeployment',
      message: 'Deployment',
    },
    deployments.getDeployment,
  ),
];
