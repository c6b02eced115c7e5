import { type agents, CallError, type ReplyOf, type RequestOf } from '@whoosh/contracts';
import { type CallContext } from '@whoosh/bus';
import { type Database } from '@whoosh/db';
import { type Clock } from '@whoosh/stdx';
import { type Transaction } from 'kysely';
import { type Admission, admit } from '../domain/admission.ts';
import { type Agent, type AgentInput, newAgent, type Profile, stepAgent } from '../domain/agent.ts';
import { type Cause, type Lives } from '../lives.ts';
import { type AgentStore } from '../store/agents.ts';
import { type DeploymentStore } from '../store/deployments.ts';
import { agentView } from '../store/views.ts';
import { type AgentTokens } from '../tokens.ts';

export interface RegisterAgentDeps {
  readonly lives: Lives;
  readonly agents: AgentStore;
  readonly deployments: DeploymentStore;
  readonly tokens: AgentTokens;
  readonly clock: Clock;
  readonly newId: () => string;
  /** A registered agent is listened for from now on. */
  readonly onRegistered: (agent: Agent) => void;
}

type Request = RequestOf<typeof agents.registerAgent>;
type Reply = ReplyOf<typeof agents.registerAgent>;

/** Takes an agent into the registry, or renews what is known of it, and gives it its token. */
export function registerAgent(deps: RegisterAgentDeps) {
  return async (request: Request, { principal, requestId }: CallContext): Promise<Reply> => {
    const at = deps.clock.now();
    const cause = { by: principal?.id ?? 'nobody', causationId: requestId };
    const agent = await deps.lives.together(async (trx) => {
      const deployment = await deps.deployments.lockOfAgent(trx, request.agent_id);
      const known = await deps.agents.lock(trx, request.agent_id);
      const admission = admit(principal, request.agent_id, deployment, known);
      if (!admission.admitted) throw new CallError(admission.code, admission.why);
      return await enter(
        deps,
        trx,
        { known, agentId: request.agent_id, input: inputOf(request, admission, at) },
        cause,
      );
    });
    deps.onRegistered(agent);
    const { token, expiresAtMs } = await deps.tokens.issue(agent.agentId, agent.deploymentId, at);
    return { agent: agentView(agent), token, expires_at: new Date(expiresAtMs).toISOString() };
  };
}

type Registered = Extract<AgentInput, { type: 'registered' }>;

function inputOf(
  request: Request,
  { origin, deployment }: Extract<Admission, { admitted: true }>,
  at: number,
): Registered {
  const profile: Profile = {
    name: request.name ?? request.agent_id,
    // A deployed agent has the role it was deployed for, whatever it says.
    role: deployment?.role ?? request.role ?? null,
    capabilities: [...new Set(request.capabilities)],
    model: request.model ?? null,
    endpoint: request.endpoint ?? null,
  };
  return { type: 'registered', at, profile, origin };
}

async function enter(
  { lives, agents: store, newId }: RegisterAgentDeps,
  trx: Transaction<Database>,
  { known, agentId, input }: { known: Agent | undefined; agentId: string; input: Registered },
  cause: Cause,
): Promise<Agent> {
  if (known !== undefined) return await lives.agentStep(trx, stepAgent(known, input), input, cause);
  const step = newAgent({ id: newId(), agentId }, input);
  if (await store.insert(trx, step.agent)) return await lives.agentStep(trx, step, input, cause);
  // Somebody registered the same id in this moment; the row is there now.
  const faster = await store.lock(trx, agentId);
  if (faster === undefined) throw new CallError('unavailable', 'the agent is being registered');
  return await lives.agentStep(trx, stepAgent(faster, input), input, cause);
}
