import { setTimeout as wait } from 'node:timers/promises';
import { type Backoff, backoffMs, type Clock } from '@whoosh/stdx';
import { inSpan, type Log, withRemoteTrace } from '@whoosh/telemetry';
import { type AgentKeys } from './agent-keys.ts';
import { type Deployment, type DeploymentInput } from './domain/deployment.ts';
import { HEALTHY_WITHIN, limitMs, RETRY_BACKOFF } from './domain/limits.ts';
import { type Course, plan, type PlanStep } from './domain/plan.ts';
import { type Lives } from './lives.ts';
import { type OrchestratorMetrics } from './metrics.ts';
import { type AgentRuntime } from './runtime/agent-runtime.ts';
import { type DeploymentStore } from './store/deployments.ts';
import { newJoinToken } from './tokens.ts';

export interface ReconcilerOptions {
  readonly runtime: AgentRuntime;
  /** Undefined: agents sign nothing. */
  readonly keys: AgentKeys | undefined;
  readonly deployments: DeploymentStore;
  readonly lives: Lives;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: OrchestratorMetrics;
  /** One process at a time drives the world; asked before each act. */
  readonly isOnDuty: () => Promise<boolean>;
  readonly beatMs: () => number | undefined;
}

const RESYNC_MS = 1_000;
/** While something is starting: an agent's first claim counts only after it was seen running. */
const RESYNC_STARTING_MS = 150;
const FAILED_PASS_BACKOFF: Backoff = { baseMs: 500, maxMs: 10_000 };
/** Deployments that are worked on side by side: stopping one agent may take its whole grace. */
const COURSES_AT_ONCE_MAX = 8;
const REASON_CHARACTERS_MAX = 500;
const BY = { by: 'orchestrator' };

/**
 * Drives what runs to what is wanted. Level-triggered: a pass reads everything again and trusts no event, so that
 * a lost one costs one interval and nothing else.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #wake = Promise.withResolvers<void>();
  #isStarting = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Something may have changed. Any number of calls during a pass lead to one more pass. */
  wake(): void {
    this.#wake.resolve();
  }

  async run(signal: AbortSignal): Promise<void> {
    let failedPasses = 0;
    while (!signal.aborted) {
      // Renewed before the pass reads, so that a change it did not see leads to another pass.
      this.#wake = Promise.withResolvers<void>();
      if (await this.#options.isOnDuty()) failedPasses = (await this.#pass(signal)) ? 0 : failedPasses + 1;
      await this.#rest(failedPasses, signal);
    }
  }

  /** Tells whether every step succeeded. */
  async #pass(signal: AbortSignal): Promise<boolean> {
    const { deployments, runtime, clock, metrics, log } = this.#options;
    const stop = metrics.passSeconds.startTimer();
    let failures = 0;
    try {
      const observed = await runtime.list();
      const wanted = await deployments.unfinished();
      this.#isStarting = wanted.some(({ status }) => status === 'wanted' || status === 'creating');
      const byId = new Map(wanted.map((deployment) => [deployment.id, deployment]));
      const courses = plan(wanted, observed, clock.now()).values();
      const lanes = Array.from({ length: COURSES_AT_ONCE_MAX }, async () => {
        for (const course of courses) {
          if (signal.aborted) return;
          if (!(await this.#follow(course, byId.get(course.deploymentId)))) failures += 1;
        }
      });
      await Promise.all(lanes);
    } catch (cause) {
      failures += 1;
      log.error({ err: cause }, 'what runs could not be compared with what is wanted');
    }
    stop();
    metrics.passes.inc({ result: failures === 0 ? 'ok' : 'failed' });
    return failures === 0;
  }

  /** Takes the steps of one deployment in order, as far as they succeed. */
  async #follow({ deploymentId, steps }: Course, deployment: Deployment | undefined): Promise<boolean> {
    const { log, metrics, isOnDuty } = this.#options;
    for (const step of steps) {
      if (!(await isOnDuty())) return true;
      const fields = { deployment: deploymentId, agent: deployment?.agentId, ...step };
      try {
        await withRemoteTrace(deployment?.environment['TRACEPARENT'], () =>
          inSpan(`deployment ${step.type}`, { kind: 'deployment' }, () => this.#take(step, deploymentId)),
        );
        metrics.steps.inc({ step: step.type });
        log.info(fields, 'deployment step taken');
      } catch (cause) {
        log.error({ ...fields, err: cause }, 'deployment step failed');
        return false;
      }
    }
    return true;
  }

  async #take(step: PlanStep, id: string): Promise<void> {
    const { runtime, clock } = this.#options;
    const at = clock.now();
    switch (step.type) {
      case 'remove':
        await runtime.remove(step.ref);
        return;
      case 'begin':
        await this.#begin(id);
        return;
      case 'see_running':
        await this.#tell(id, { type: 'seen_running', at, generation: step.generation, runtimeRef: step.ref });
        return;
      case 'end':
        await this.#end(id, step.generation, step.reason);
        return;
      case 'gone':
        await this.#tell(id, { type: 'gone', at });
    }
  }

  /** The word first, then the deed: a crash between them is seen by the next pass as an attempt without an agent. */
  async #begin(id: string): Promise<void> {
    const { clock, beatMs, runtime, keys } = this.#options;
    const at = clock.now();
    const { token, sha256: joinTokenSha256 } = newJoinToken();
    const healthyDeadlineAt = at + limitMs(HEALTHY_WITHIN, beatMs());
    const step = await this.#tell(id, { type: 'begun', at, joinTokenSha256, healthyDeadlineAt });
    const begun = step?.transitions.at(-1)?.deployment;
    if (begun === undefined) return;
    const { generation, agentId, role, image, environment, ownerKind, ownerId } = begun;
    try {
      await runtime.deploy({
        deploymentId: id,
        generation,
        agentId,
        role,
        image,
        environment,
        joinToken: token,
        // Of this attempt alone, like the token: an agent of an earlier one has another.
        key: keys?.issue(agentId),
        labels: {
          'whoosh.managed': 'true',
          [`whoosh.${ownerKind}`]: ownerId,
          'whoosh.deployment': id,
          'whoosh.generation': String(generation),
        },
      });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      await this.#end(id, generation, `it could not be started: ${reason}`);
      throw cause;
    }
  }

  async #end(id: string, generation: number, why: string): Promise<void> {
    const { clock, deployments } = this.#options;
    const attempt = (await deployments.find(id))?.attempt ?? 1;
    // At least the base: an agent that ends at once must not be started again in the same moment.
    const retryInMs = RETRY_BACKOFF.baseMs + Math.round(backoffMs(RETRY_BACKOFF, attempt, Math.random()));
    const reason = why.slice(0, REASON_CHARACTERS_MAX).toWellFormed();
    await this.#tell(id, { type: 'ended', at: clock.now(), generation, reason, retryInMs });
  }

  async #tell(id: string, input: DeploymentInput) {
    return await this.#options.lives.changeDeployment(id, input, BY);
  }

  async #rest(failedPasses: number, signal: AbortSignal): Promise<void> {
    // After a failure only time helps: being woken must not turn a broken runtime into a busy loop.
    const resyncMs = this.#isStarting ? RESYNC_STARTING_MS : RESYNC_MS;
    const ms = failedPasses > 0 ? backoffMs(FAILED_PASS_BACKOFF, failedPasses, Math.random()) : resyncMs;
    const timer = new AbortController();
    const rested = wait(ms, undefined, { signal: AbortSignal.any([signal, timer.signal]) }).catch(
      () => undefined,
    );
    await (failedPasses > 0 ? rested : Promise.race([rested, this.#wake.promise]));
    timer.abort();
  }
}
