import { type Principal } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import { admit } from './admission.ts';
import { type Agent, newAgent } from './agent.ts';
import { type Deployment, newDeployment, stepDeployment } from './deployment.ts';
import { wantedSeat } from '../../test/domain-fixtures.ts';

const token = 'c'.repeat(64);
const deployment = stepDeployment(newDeployment(wantedSeat, 0, 'wanted').deployment, {
  type: 'begun',
  at: 1,
  joinTokenSha256: token,
  healthyDeadlineAt: 60_000,
}).deployment;
const unwanted = stepDeployment(deployment, { type: 'unwanted', at: 2, reason: 'done' }).deployment;
const untried = newDeployment(wantedSeat, 0, 'wanted').deployment;
const agentId = deployment.agentId;

function known(source: Agent['source']): Agent {
  return newAgent(
    { id: 'i', agentId },
    {
      type: 'registered',
      at: 1,
      profile: { name: 'n', role: null, capabilities: [], model: null, endpoint: null },
      origin: { source, deploymentId: null, councilId: null, teamId: null },
    },
  ).agent;
}
const join = (sha: string): Principal => ({ kind: 'join', id: 'join', role: 'none', token_sha256: sha });
const agent = (id: string): Principal => ({ kind: 'agent', id, role: 'agent' });
const service: Principal = { kind: 'service', id: 's', role: 'service' };
const user: Principal = { kind: 'user', id: 'u', role: 'admin' };

interface Row {
  name: string;
  principal: Principal | undefined;
  deployment?: Deployment;
  agent?: Agent;
  is: string;
}

test.each<Row>([
  { name: 'nobody', principal: undefined, is: 'unauthenticated' },
  { name: 'the join token of this deployment', principal: join(token), deployment, is: 'deployed' },
  { name: 'another join token', principal: join('d'.repeat(64)), deployment, is: 'unauthenticated' },
  { name: 'a join token without deployment', principal: join(token), is: 'unauthenticated' },
  {
    name: 'a join principal without a token, for nobody in particular',
    principal: { kind: 'join', id: 'join', role: 'none' },
    is: 'unauthenticated',
  },
  {
    name: 'a join principal without a token, before any attempt',
    principal: { kind: 'join', id: 'join', role: 'none' },
    deployment: untried,
    is: 'unauthenticated',
  },
  {
    name: 'its token when it is not wanted any more',
    principal: join(token),
    deployment: unwanted,
    is: 'permission_denied',
  },
  {
    name: 'a deployed agent that renews',
    principal: agent(agentId),
    deployment,
    agent: known('deployed'),
    is: 'deployed',
  },
  {
    name: 'a deployed agent that renews after it was unwanted',
    principal: agent(agentId),
    deployment: unwanted,
    agent: known('deployed'),
    is: 'permission_denied',
  },
  {
    name: 'a registered agent that renews',
    principal: agent(agentId),
    agent: known('registered'),
    is: 'registered',
  },
  {
    name: 'an agent that speaks for another',
    principal: agent('other'),
    agent: known('registered'),
    is: 'permission_denied',
  },
  { name: 'an agent nobody knows', principal: agent(agentId), is: 'permission_denied' },
  { name: 'a service for an agent of its own', principal: service, is: 'registered' },
  {
    name: 'a service for the agent of a deployment',
    principal: service,
    deployment,
    is: 'permission_denied',
  },
  {
    name: 'a service for one that was deployed',
    principal: service,
    agent: known('deployed'),
    is: 'permission_denied',
  },
  { name: 'a user', principal: user, is: 'permission_denied' },
])('$name: $is', (row) => {
  const admission = admit(row.principal, agentId, row.deployment, row.agent);
  expect(admission.admitted ? admission.origin.source : admission.code).toBe(row.is);
});
