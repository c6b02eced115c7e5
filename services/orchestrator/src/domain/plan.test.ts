import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Deployment, type DeploymentInput, newDeployment, stepDeployment } from './deployment.ts';
import { anyDeploymentInput, wantedSeat } from '../../test/domain-fixtures.ts';
import { type Course, type Observed, plan, type PlanStep } from './plan.ts';

const NOW = 100_000;

interface World {
  readonly deployments: readonly Deployment[];
  readonly observed: readonly Observed[];
}

/** The world after the plan, if every step works. */
function carriedOut(world: World, courses: readonly Course[]): World {
  let deployments = [...world.deployments];
  let observed = [...world.observed];
  const tell = (id: string, input: DeploymentInput) => {
    deployments = deployments.map((d) => (d.id === id ? stepDeployment(d, input).deployment : d));
  };
  const steps: Record<PlanStep['type'], (id: string, step: PlanStep) => void> = {
    remove: (_id, step) => {
      if (step.type === 'remove') observed = observed.filter(({ ref }) => ref !== step.ref);
    },
    begin: (id) => {
      tell(id, { type: 'begun', at: NOW, joinTokenSha256: 'x', healthyDeadlineAt: NOW + 60_000 });
      const { generation } = deployments.find((d) => d.id === id) as Deployment;
      observed.push({ ref: `${id}.new.${generation}`, deploymentId: id, generation, state: 'starting' });
    },
    see_running: (id, step) => {
      if (step.type !== 'see_running') return;
      tell(id, { type: 'seen_running', at: NOW, generation: step.generation, runtimeRef: step.ref });
    },
    end: (id, step) => {
      if (step.type !== 'end') return;
      tell(id, {
        type: 'ended',
        at: NOW,
        generation: step.generation,
        reason: step.reason,
        retryInMs: 1_000,
      });
    },
    gone: (id) => tell(id, { type: 'gone', at: NOW }),
  };
  for (const course of courses) for (const step of course.steps) steps[step.type](course.deploymentId, step);
  return { deployments, observed };
}

const ids = ['d1', 'd2', 'd3'] as const;
const deployments: fc.Arbitrary<Deployment[]> = fc
  .tuple(...ids.map(() => fc.tuple(fc.array(anyDeploymentInput, { maxLength: 12 }), fc.boolean())))
  .map((lives) =>
    lives.map(([inputs, unwanted], index) => {
      const id = ids[index] as string;
      const fresh = newDeployment({ ...wantedSeat, id, agentId: id }, 0, 'wanted').deployment;
      const all = unwanted ? [...inputs, { type: 'unwanted', at: 1, reason: 'done' } as const] : inputs;
      return all.reduce((life, input) => stepDeployment(life, input).deployment, fresh);
    }),
  );
const observations: fc.Arbitrary<Observed[]> = fc.uniqueArray(
  fc.record({
    ref: fc.nat(40).map((n) => `r${n}`),
    deploymentId: fc.constantFrom(...ids, 'unknown'),
    generation: fc.integer({ min: 1, max: 6 }),
    state: fc.constantFrom('starting' as const, 'running' as const, 'ended' as const),
  }),
  { selector: ({ ref }) => ref, maxLength: 10 },
);
const worlds = fc.record({ deployments, observed: observations });

test('P4: one pass converges', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const after = carriedOut(world, plan(world.deployments, world.observed, NOW));
      expect(plan(after.deployments, after.observed, NOW)).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test('P1, P2, P3: afterwards every attempt under way has exactly one agent, and nothing else has any', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const after = carriedOut(world, plan(world.deployments, world.observed, NOW));
      const expected = after.deployments
        .filter(({ status }) => ['creating', 'running', 'healthy'].includes(status))
        .map(({ id, generation }) => `${id}.${generation}`);
      const seen = after.observed.map(({ deploymentId, generation }) => `${deploymentId}.${generation}`);
      expect(seen.toSorted()).toEqual(expected.toSorted());
    }),
    { numRuns: 2_000 },
  );
});

test('P1 on the way, too: something new is begun only after everything older is removed', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      for (const { deploymentId, steps } of plan(world.deployments, world.observed, NOW)) {
        const begins = steps.findIndex(({ type }) => type === 'begin');
        if (begins === -1) continue;
        const removed = steps.slice(0, begins).filter(({ type }) => type === 'remove');
        const older = world.observed.filter((item) => item.deploymentId === deploymentId);
        expect(removed).toHaveLength(older.length);
      }
    }),
  );
});

test('a healthy deployment that is seen running is left alone', () => {
  const healthy = living(['begun', 'seen_running', 'claim_heard']);
  expect(plan([healthy], [seen(healthy, 'running')], NOW * 100)).toEqual([]);
});

describe('the plan for one deployment', () => {
  test.each([
    { name: 'begins what is wanted', deployment: living([]), observed: [], steps: ['begin'] },
    {
      name: 'begins again what was interrupted between the word and the deed',
      deployment: living(['begun']),
      observed: [],
      steps: ['begin'],
    },
    {
      name: 'adopts what an earlier orchestrator started',
      deployment: living(['begun']),
      observed: ['running' as const],
      steps: ['see_running'],
    },
    {
      name: 'waits for what is starting',
      deployment: living(['begun']),
      observed: ['starting' as const],
      steps: [],
    },
    {
      name: 'reports what ended, then clears it away',
      deployment: living(['begun', 'seen_running']),
      observed: ['ended' as const],
      steps: ['end', 'remove'],
    },
    {
      name: 'reports what is not there any more',
      deployment: living(['begun', 'seen_running', 'claim_heard']),
      observed: [],
      steps: ['end'],
    },
    {
      name: 'removes what is not wanted, then says it is gone',
      deployment: living(['begun', 'seen_running', 'unwanted']),
      observed: ['running' as const],
      steps: ['remove', 'gone'],
    },
  ])('$name', ({ deployment, observed, steps }) => {
    const courses = plan(
      [deployment],
      observed.map((state) => seen(deployment, state)),
      10,
    );
    expect(courses.flatMap((course) => course.steps.map(({ type }) => type))).toEqual(steps);
  });

  test('ends an attempt that runs but never claims, at its deadline and not before', () => {
    const silent = living(['begun', 'seen_running']);
    const deadline = silent.healthyDeadlineAt ?? 0;
    const observed = [seen(silent, 'running')];
    expect(plan([silent], observed, deadline - 1)).toEqual([]);
    expect(plan([silent], observed, deadline)[0]?.steps.map(({ type }) => type)).toEqual(['end', 'remove']);
  });

  test('removes an agent that no deployment accounts for', () => {
    const stranger = seen({ ...living([]), id: 'unknown' }, 'running');
    expect(plan([], [stranger], NOW)).toEqual([
      { deploymentId: 'unknown', steps: [{ type: 'remove', ref: stranger.ref, why: 'unaccounted' }] },
    ]);
  });
});

function living(inputs: readonly DeploymentInput['type'][]): Deployment {
  const fresh = newDeployment(wantedSeat, 0, 'wanted').deployment;
  const known: Record<string, DeploymentInput> = {
    begun: { type: 'begun', at: 1, joinTokenSha256: 'x', healthyDeadlineAt: 60_001 },
    seen_running: { type: 'seen_running', at: 2, generation: 1, runtimeRef: 'r' },
    claim_heard: { type: 'claim_heard', at: 3 },
    unwanted: { type: 'unwanted', at: 4, reason: 'done' },
  };
  return inputs.reduce(
    (life, type) => stepDeployment(life, known[type] as DeploymentInput).deployment,
    fresh,
  );
}

function seen(deployment: Deployment, state: Observed['state']): Observed {
  const { id, generation } = deployment;
  return { ref: `${id}.${generation}`, deploymentId: id, generation, state };
}
