/**
 * Every change of an agent's or a deployment's life: the row is held, the input is given to the rules, and what
 * they say is stored with its event in the same transaction.
 */
import { agents, deployments, type EventContract } from '@whoosh/contracts';
import { type Database, transaction } from '@whoosh/db';
import { type LifeLog, type OutboxRelay } from '@whoosh/outbox';
import { type Kysely, type Transaction } from 'kysely';
import { type Agent, type AgentEvent, type AgentInput, type AgentStep, stepAgent } from './domain/agent.ts';
import {
  type Deployment,
  type DeploymentEvent,
  type DeploymentInput,
  type DeploymentStep,
  stepDeployment,
} from './domain/deployment.ts';
import { type OrchestratorMetrics } from './metrics.ts';
import { type AgentStore } from './store/agents.ts';
import { type DeploymentStore } from './store/deployments.ts';
import { agentView, deploymentView } from './store/views.ts';

const AGENT_EVENTS: Readonly<Record<AgentEvent, EventContract>> = {
  registered: agents.agentRegistered,
  online: agents.agentOnline,
  stale: agents.agentStale,
  offline: agents.agentOffline,
};

const DEPLOYMENT_EVENTS: Readonly<Record<DeploymentEvent, EventContract>> = {
  wanted: deployments.deploymentWanted,
  creating: deployments.deploymentCreating,
  running: deployments.deploymentRunning,
  healthy: deployments.deploymentHealthy,
  failed: deployments.deploymentFailed,
  draining: deployments.deploymentDraining,
  removed: deployments.deploymentRemoved,
};

/** On whose word, and because of what. */
export interface Cause {
  readonly by: string;
  readonly causationId?: string | undefined;
}

export interface LivesOptions {
  readonly db: Kysely<Database>;
  readonly agents: AgentStore;
  readonly deployments: DeploymentStore;
  readonly lifeLog: LifeLog;
  readonly relay: Pick<OutboxRelay, 'wake'>;
  readonly metrics: OrchestratorMetrics;
}

export class Lives {
  readonly #options: LivesOptions;

  constructor(options: LivesOptions) {
    this.#options = options;
  }

  /** Runs `work` in one transaction; what was recorded in it is published right after its commit. */
  async together<T>(work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
    const result = await transaction(this.#options.db, work);
    this.#options.relay.wake();
    return result;
  }

  /**
   * Gives one agent an input. Answers the agent afterwards, undefined when there is none.
   * @param isDue asked with the row held: what was decided from an older look may no longer be true
   */
  async changeAgent(
    agentId: string,
    input: AgentInput,
    cause: Cause,
    isDue: (agent: Agent) => boolean = () => true,
  ): Promise<Agent | undefined> {
    return await this.together(async (trx) => {
      const agent = await this.#options.agents.lock(trx, agentId);
      if (agent === undefined || !isDue(agent)) return agent;
      return await this.agentStep(trx, stepAgent(agent, input), input, cause);
    });
  }

  /** Stores a step of an agent that is held, with its events. */
  async agentStep(
    trx: Transaction<Database>,
    { agent, transitions }: AgentStep,
    input: AgentInput,
    { by, causationId }: Cause,
  ): Promise<Agent> {
    await this.#options.agents.update(trx, agent);
    for (const [at, { event, agent: after, from, to, reason }] of transitions.entries()) {
      await this.#options.lifeLog.record(trx, AGENT_EVENTS[event], {
        lifeId: after.id,
        revision: after.revision,
        data: agentView(after),
        change: { from, to, reason, by },
        // Kept with the first of its changes: folding the inputs in order makes the life again.
        ...(at === 0 && { input }),
        causationId,
      });
      this.#options.metrics.agentTransitions.inc({ to: event });
    }
    return agent;
  }

  /** Gives one deployment an input. Answers the step, undefined when there is no such deployment. */
  async changeDeployment(
    id: string,
    input: DeploymentInput,
    cause: Cause,
  ): Promise<DeploymentStep | undefined> {
    return await this.together(async (trx) => {
      const deployment = await this.#options.deployments.lock(trx, id);
      if (deployment === undefined) return undefined;
      return await this.deploymentStep(trx, stepDeployment(deployment, input), input, cause);
    });
  }

  /** Stores a step of a deployment that is held, with its events; its agent goes with a deployment that is removed. */
  async deploymentStep(
    trx: Transaction<Database>,
    step: DeploymentStep,
    input: DeploymentInput,
    cause: Cause,
  ): Promise<DeploymentStep> {
    await this.#options.deployments.update(trx, step.deployment);
    await this.recordDeployment(trx, step, input, cause);
    const removed = step.transitions.find(({ to }) => to === 'removed');
    if (removed !== undefined) await this.#withdrawAgent(trx, removed.deployment, cause);
    return step;
  }

  /** The events of a step whose row is stored already. */
  async recordDeployment(
    trx: Transaction<Database>,
    { transitions }: DeploymentStep,
    input: unknown,
    { by, causationId }: Cause,
  ): Promise<void> {
    for (const [at, { event, deployment, from, to, reason }] of transitions.entries()) {
      await this.#options.lifeLog.record(trx, DEPLOYMENT_EVENTS[event], {
        lifeId: deployment.id,
        revision: deployment.revision,
        data: deploymentView(deployment),
        change: { from, to, reason, by },
        // Kept with the first of its changes: folding the inputs in order makes the life again.
        ...(at === 0 && { input }),
        causationId,
      });
      this.#count(deployment, to);
    }
  }

  #count(deployment: Deployment, to: DeploymentEvent): void {
    const { metrics } = this.#options;
    if (to !== 'healthy' && to !== 'failed' && to !== 'removed') return;
    metrics.deployments.inc({ result: to });
    const seconds = (deployment.updatedAt - deployment.createdAt) / 1_000;
    if (to === 'healthy') metrics.deploymentSeconds.observe(seconds);
  }

  async #withdrawAgent(trx: Transaction<Database>, deployment: Deployment, cause: Cause): Promise<void> {
    const agent = await this.#options.agents.lock(trx, deployment.agentId);
    if (agent?.deploymentId !== deployment.id) return;
    const input: AgentInput = {
      type: 'withdrawn',
      at: deployment.updatedAt,
      reason: 'its deployment was removed',
    };
    await this.agentStep(trx, stepAgent(agent, input), input, cause);
  }
}
