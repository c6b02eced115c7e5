/**
 * What to do so that what runs is what is wanted. Pure and level-triggered: the same deployments and the
 * same observation give the same plan, whatever happened in between, so nothing depends on an event that
 * a crash may have swallowed.
 *
 * P1  Nothing new is begun for a deployment while anything older of it is still seen: no duplicate.
 * P2  What no deployment under way accounts for is removed: no orphan.
 * P3  An attempt of which nothing is seen is reported as ended, or begun again: none missing.
 * P4  One pass converges: after the plan has been carried out, the plan is empty.
 */
import { type Instant } from '@whoosh/stdx';
import { type Deployment, isBeginnable, isUnderWay } from './deployment.ts';

/** One agent as the runtime shows it. */
export interface Observed {
  readonly ref: string;
  readonly deploymentId: string;
  readonly generation: number;
  readonly state: 'starting' | 'running' | 'ended';
  /** Why it ended, as far as the runtime knows. */
  readonly reason?: string;
}

export type PlanStep =
  | { readonly type: 'remove'; readonly ref: string; readonly why: RemovalReason }
  | { readonly type: 'begin' }
  | { readonly type: 'see_running'; readonly generation: number; readonly ref: string }
  | { readonly type: 'end'; readonly generation: number; readonly reason: string }
  | { readonly type: 'gone' };

export type RemovalReason = 'unaccounted' | 'unwanted' | 'outdated' | 'ended' | 'late';

/** The steps of one deployment, to be taken in order; when one fails the rest waits for the next pass. */
export interface Course {
  readonly deploymentId: string;
  readonly steps: readonly PlanStep[];
}

export function plan(
  deployments: readonly Deployment[],
  observed: readonly Observed[],
  now: Instant,
): Course[] {
  const seen = Map.groupBy(observed, ({ deploymentId }) => deploymentId);
  const known = new Set(deployments.map(({ id }) => id));
  const orphans = [...seen].filter(([id]) => !known.has(id));
  return [
    ...orphans.map(([deploymentId, items]) => ({ deploymentId, steps: removals(items, 'unaccounted') })),
    ...deployments.map((deployment) => ({
      deploymentId: deployment.id,
      steps: courseOf(deployment, seen.get(deployment.id) ?? [], now),
    })),
  ].filter(({ steps }) => steps.length > 0);
}

function courseOf(deployment: Deployment, observed: readonly Observed[], now: Instant): PlanStep[] {
  if (deployment.status === 'removed') return removals(observed, 'unaccounted');
  if (deployment.status === 'draining') return [...removals(observed, 'unwanted'), { type: 'gone' }];
  if (!isUnderWay(deployment)) {
    return [...removals(observed, 'outdated'), ...beginnings(deployment, now)];
  }
  const [current, ...twins] = observed.filter(({ generation }) => generation === deployment.generation);
  const outdated = observed.filter(({ generation }) => generation !== deployment.generation);
  return [
    ...removals([...outdated, ...twins], 'outdated'),
    ...(current === undefined ? missing(deployment, now) : present(deployment, current, now)),
  ];
}

function missing(deployment: Deployment, now: Instant): PlanStep[] {
  if (deployment.status === 'creating') return beginnings(deployment, now);
  return [{ type: 'end', generation: deployment.generation, reason: 'nothing of it is there any more' }];
}

function present(deployment: Deployment, current: Observed, now: Instant): PlanStep[] {
  const { generation, status, healthyDeadlineAt } = deployment;
  const { ref } = current;
  if (current.state === 'ended') {
    return [
      { type: 'end', generation, reason: current.reason ?? 'it ended' },
      { type: 'remove', ref, why: 'ended' },
    ];
  }
  const runs = current.state === 'running';
  if (status !== 'healthy' && healthyDeadlineAt !== null && healthyDeadlineAt <= now) {
    const reason = runs ? 'no StatusClaim before the deadline' : 'not running before the deadline';
    return [
      { type: 'end', generation, reason },
      { type: 'remove', ref, why: 'late' },
    ];
  }
  return status === 'creating' && runs ? [{ type: 'see_running', generation, ref }] : [];
}

function beginnings(deployment: Deployment, now: Instant): PlanStep[] {
  return isBeginnable(deployment, now) ? [{ type: 'begin' }] : [];
}

function removals(observed: readonly Observed[], why: RemovalReason): PlanStep[] {
  return observed.map(({ ref }) => ({ type: 'remove', ref, why }));
}
