/**
 * The life of a deployment: `wanted → creating → running → healthy → draining → removed`, and `failed` with
 * a reason, after which another attempt begins until the limit. What is desired comes from the owner and
 * never changes back: a deployment that was once unwanted ends.
 */
import { type Instant } from '@whoosh/stdx';
import { ATTEMPTS_MAX } from './limits.ts';

export type DeploymentStatus =
  'wanted' | 'creating' | 'running' | 'healthy' | 'draining' | 'removed' | 'failed';

export interface Deployment {
  readonly id: string;
  readonly ownerKind: 'council' | 'team';
  readonly ownerId: string;
  readonly taskId: string;
  readonly project: string | null;
  readonly role: string;
  readonly slot: number;
  readonly agentId: string;
  readonly profileAgentId: string | null;
  readonly runtime: 'swarm' | 'process';
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Of the present attempt; an agent of an earlier one cannot register any more. */
  readonly joinTokenSha256: string | null;
  readonly desired: 'present' | 'absent';
  readonly status: DeploymentStatus;
  readonly reason: string | null;
  /** How often it was tried, counting only what failed by itself. */
  readonly attempt: number;
  /** Rises with everything that is asked of the runtime, so that what is left of an earlier one is known as such. */
  readonly generation: number;
  readonly runtimeRef: string | null;
  readonly firstClaimAt: Instant | null;
  readonly healthyDeadlineAt: Instant | null;
  readonly retryAt: Instant | null;
  readonly revision: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export type DeploymentInput =
  /** The runtime is about to be asked for an agent that may register with this token until the deadline. */
  | {
      readonly type: 'begun';
      readonly at: Instant;
      readonly joinTokenSha256: string;
      readonly healthyDeadlineAt: Instant;
    }
  | {
      readonly type: 'seen_running';
      readonly at: Instant;
      readonly generation: number;
      readonly runtimeRef: string;
    }
  | { readonly type: 'claim_heard'; readonly at: Instant }
  | {
      readonly type: 'ended';
      readonly at: Instant;
      readonly generation: number;
      readonly reason: string;
      readonly retryInMs: number;
    }
  | { readonly type: 'unwanted'; readonly at: Instant; readonly reason: string }
  | { readonly type: 'gone'; readonly at: Instant };

export type DeploymentEvent = DeploymentStatus;

export interface DeploymentTransition {
  readonly event: DeploymentEvent;
  readonly deployment: Deployment;
  readonly from: DeploymentStatus | null;
  readonly to: DeploymentStatus;
  readonly reason: string;
}

export interface DeploymentStep {
  readonly deployment: Deployment;
  readonly transitions: readonly DeploymentTransition[];
}

/** What a seat needs; the rest of a deployment follows from its life. */
export type Want = Pick<
  Deployment,
  | 'id'
  | 'ownerKind'
  | 'ownerId'
  | 'taskId'
  | 'project'
  | 'role'
  | 'slot'
  | 'agentId'
  | 'profileAgentId'
  | 'runtime'
  | 'image'
  | 'environment'
>;

export function newDeployment(want: Want, at: Instant, reason: string): DeploymentStep {
  const deployment: Deployment = {
    ...want,
    joinTokenSha256: null,
    desired: 'present',
    status: 'wanted',
    reason: null,
    attempt: 1,
    generation: 1,
    runtimeRef: null,
    firstClaimAt: null,
    healthyDeadlineAt: null,
    retryAt: null,
    revision: 1,
    createdAt: at,
    updatedAt: at,
  };
  return {
    deployment,
    transitions: [{ event: 'wanted', deployment, from: null, to: 'wanted', reason }],
  };
}

/** Total: an input that does not fit the state (a late or repeated one) changes nothing. */
export function stepDeployment(deployment: Deployment, input: DeploymentInput): DeploymentStep {
  switch (input.type) {
    case 'begun':
      return begin(deployment, input);
    case 'seen_running':
      return seeRunning(deployment, input);
    case 'claim_heard':
      return hearClaim(deployment, input.at);
    case 'ended':
      return end(deployment, input);
    case 'unwanted':
      return unwant(deployment, input.at, input.reason);
    case 'gone':
      return deployment.status === 'draining'
        ? change(deployment, { status: 'removed', runtimeRef: null }, input.at, 'nothing of it runs any more')
        : nothing(deployment);
  }
}

/** May another attempt begin at this time? An interrupted one may be begun again at once. */
export function isBeginnable(deployment: Deployment, now: Instant): boolean {
  const { status, retryAt } = deployment;
  return (
    status === 'wanted' ||
    status === 'creating' ||
    (status === 'failed' && retryAt !== null && retryAt <= now)
  );
}

/** Is an attempt under way that the runtime should know of? */
export function isUnderWay({ status }: Pick<Deployment, 'status'>): boolean {
  return status === 'creating' || status === 'running' || status === 'healthy';
}

function begin(before: Deployment, input: Extract<DeploymentInput, { type: 'begun' }>): DeploymentStep {
  if (!isBeginnable(before, input.at)) return nothing(before);
  const isFirst = before.status === 'wanted';
  const reasons = {
    wanted: 'asked of the runtime',
    creating: 'asked again after an interruption',
    failed: `attempt ${before.attempt + 1}`,
  } as const;
  return change(
    before,
    {
      status: 'creating',
      reason: null,
      attempt: before.status === 'failed' ? before.attempt + 1 : before.attempt,
      generation: isFirst ? before.generation : before.generation + 1,
      joinTokenSha256: input.joinTokenSha256,
      healthyDeadlineAt: input.healthyDeadlineAt,
      runtimeRef: null,
      firstClaimAt: null,
      retryAt: null,
    },
    input.at,
    reasons[before.status as keyof typeof reasons],
  );
}

function seeRunning(
  before: Deployment,
  input: Extract<DeploymentInput, { type: 'seen_running' }>,
): DeploymentStep {
  if (before.status !== 'creating' || before.generation !== input.generation) return nothing(before);
  return change(before, { status: 'running', runtimeRef: input.runtimeRef }, input.at, 'it runs');
}

// While it is not yet seen running a claim says nothing: it will be followed by others.
function hearClaim(before: Deployment, at: Instant): DeploymentStep {
  if (before.status !== 'running') return nothing(before);
  return change(before, { status: 'healthy', firstClaimAt: at }, at, 'its first StatusClaim was heard');
}

function end(before: Deployment, input: Extract<DeploymentInput, { type: 'ended' }>): DeploymentStep {
  if (!isUnderWay(before) || before.generation !== input.generation) return nothing(before);
  const isLast = before.attempt >= ATTEMPTS_MAX;
  return change(
    before,
    {
      status: 'failed',
      reason: input.reason,
      runtimeRef: null,
      retryAt: isLast ? null : input.at + input.retryInMs,
    },
    input.at,
    isLast ? `${input.reason}; given up after ${before.attempt} attempts` : input.reason,
  );
}

function unwant(before: Deployment, at: Instant, reason: string): DeploymentStep {
  if (before.desired === 'absent') return nothing(before);
  return change(before, { desired: 'absent', status: 'draining', reason, retryAt: null }, at, reason);
}

function nothing(deployment: Deployment): DeploymentStep {
  return { deployment, transitions: [] };
}

function change(
  before: Deployment,
  changed: Partial<Deployment> & { status: DeploymentStatus },
  at: Instant,
  reason: string,
): DeploymentStep {
  const deployment = { ...before, ...changed, revision: before.revision + 1, updatedAt: at };
  return {
    deployment,
    transitions: [{ event: changed.status, deployment, from: before.status, to: changed.status, reason }],
  };
}
