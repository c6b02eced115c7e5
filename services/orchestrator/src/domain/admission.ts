/** Who may register as which agent. */
import { type Principal } from '@whoosh/contracts';
import { type Agent, type Origin } from './agent.ts';
import { type Deployment } from './deployment.ts';

export type Admission =
  | { readonly admitted: true; readonly origin: Origin; readonly deployment: Deployment | undefined }
  | {
      readonly admitted: false;
      readonly code: 'unauthenticated' | 'permission_denied';
      readonly why: string;
    };

/**
 * @param deployment the one whose agent has this id, if there is one
 * @param agent what the registry knows under this id
 */
export function admit(
  principal: Principal | undefined,
  agentId: string,
  deployment: Deployment | undefined,
  agent: Agent | undefined,
): Admission {
  if (principal === undefined) return refused('unauthenticated', 'no token was presented');
  switch (principal.kind) {
    case 'join':
      return admitByJoinToken(principal, deployment);
    case 'agent':
      if (principal.id !== agentId) return refused('permission_denied', 'an agent registers only itself');
      if (agent === undefined) return refused('permission_denied', 'this agent is not registered');
      return agent.source === 'deployed' ? admitDeployed(deployment) : admitted(REGISTERED, undefined);
    case 'service':
      if (deployment !== undefined || agent?.source === 'deployed') {
        return refused('permission_denied', 'this agent belongs to a deployment');
      }
      return admitted(REGISTERED, undefined);
    case 'user':
    case 'system':
      return refused('permission_denied', 'only agents and services register agents');
  }
}

const REGISTERED: Origin = { source: 'registered', deploymentId: null, councilId: null, teamId: null };

// One answer for an unknown token and for one that fits another agent: who guesses learns nothing.
function admitByJoinToken(principal: Principal, deployment: Deployment | undefined): Admission {
  const expected = deployment?.joinTokenSha256;
  if (typeof expected !== 'string' || principal.token_sha256 !== expected) {
    return refused('unauthenticated', 'the join token is not valid for this agent');
  }
  return admitDeployed(deployment);
}

function admitDeployed(deployment: Deployment | undefined): Admission {
  if (deployment === undefined || deployment.desired === 'absent') {
    return refused('permission_denied', 'the deployment of this agent is not wanted any more');
  }
  return admitted(
    {
      source: 'deployed',
      deploymentId: deployment.id,
      councilId: deployment.ownerKind === 'council' ? deployment.ownerId : null,
      teamId: deployment.ownerKind === 'team' ? deployment.ownerId : null,
    },
    deployment,
  );
}

function admitted(origin: Origin, deployment: Deployment | undefined): Admission {
  return { admitted: true, origin, deployment };
}

function refused(code: 'unauthenticated' | 'permission_denied', why: string): Admission {
  return { admitted: false, code, why };
}
