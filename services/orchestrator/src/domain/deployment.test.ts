import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Deployment, type DeploymentInput, newDeployment, stepDeployment } from './deployment.ts';
import { anyDeploymentInput, wantedSeat } from '../../test/domain-fixtures.ts';
import { ATTEMPTS_MAX } from './limits.ts';

const fresh = newDeployment(wantedSeat, 0, 'the council wants it').deployment;
const begun = (at = 1): DeploymentInput => ({
  type: 'begun',
  at,
  joinTokenSha256: 'a'.repeat(64),
  healthyDeadlineAt: at + 60_000,
});
const running = (generation = 1): DeploymentInput => ({
  type: 'seen_running',
  at: 2,
  generation,
  runtimeRef: 'r',
});
const claimed: DeploymentInput = { type: 'claim_heard', at: 3 };
const ended = (generation = 1, at = 4): DeploymentInput => ({
  type: 'ended',
  at,
  generation,
  reason: 'it ended',
  retryInMs: 1_000,
});
const unwanted: DeploymentInput = { type: 'unwanted', at: 5, reason: 'the council is done' };

function after(...inputs: DeploymentInput[]): Deployment {
  return inputs.reduce((deployment, input) => stepDeployment(deployment, input).deployment, fresh);
}

describe('the life of a deployment', () => {
  test.each([
    { name: 'is begun', inputs: [begun()], status: 'creating' },
    { name: 'runs when it is seen', inputs: [begun(), running()], status: 'running' },
    { name: 'is healthy with its first claim', inputs: [begun(), running(), claimed], status: 'healthy' },
    {
      name: 'needs a claim after it was seen running',
      inputs: [begun(), claimed, running()],
      status: 'running',
    },
    { name: 'is not healthy by a claim alone', inputs: [begun(), claimed], status: 'creating' },
    { name: 'fails when it ended', inputs: [begun(), running(), claimed, ended()], status: 'failed' },
    {
      name: 'does not begin again before its time',
      inputs: [begun(), ended(), begun(500)],
      status: 'failed',
    },
    { name: 'begins again when it is due', inputs: [begun(), ended(), begun(1_004)], status: 'creating' },
    {
      name: 'ignores what is seen of an older attempt',
      inputs: [begun(), begun(2), running(1)],
      status: 'creating',
    },
    {
      name: 'ignores the end of an older attempt',
      inputs: [begun(), begun(2), running(2), ended(1)],
      status: 'running',
    },
    { name: 'drains when it is not wanted', inputs: [begun(), running(), unwanted], status: 'draining' },
    { name: 'does not begin when it is not wanted', inputs: [unwanted, begun()], status: 'draining' },
    {
      name: 'is removed when nothing is left',
      inputs: [unwanted, { type: 'gone', at: 6 }],
      status: 'removed',
    },
    {
      name: 'is not removed while it is wanted',
      inputs: [begun(), { type: 'gone', at: 6 }],
      status: 'creating',
    },
  ] satisfies { name: string; inputs: DeploymentInput[]; status: string }[])(
    '$name',
    ({ inputs, status }) => {
      expect(after(...inputs).status).toBe(status);
    },
  );

  test('every attempt has its generation; an interrupted one is no attempt of its own', () => {
    expect(after(begun(), begun(2))).toMatchObject({ attempt: 1, generation: 2 });
    expect(after(begun(), ended(), begun(2_000))).toMatchObject({ attempt: 2, generation: 2 });
  });

  test('a new attempt forgets the claim and the deadline of the one before', () => {
    const again = after(begun(), running(), claimed, ended(), begun(5_000));
    expect(again).toMatchObject({ firstClaimAt: null, healthyDeadlineAt: 65_000, retryAt: null });
  });

  test('it is given up after the last attempt, and says so', () => {
    let deployment = fresh;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const at = attempt * 10_000;
      deployment = stepDeployment(deployment, begun(at)).deployment;
      const step = stepDeployment(deployment, ended(deployment.generation, at + 1));
      deployment = step.deployment;
      expect(deployment.retryAt === null).toBe(attempt === ATTEMPTS_MAX);
      expect(step.transitions[0]?.reason.includes('given up')).toBe(attempt === ATTEMPTS_MAX);
    }
    expect(stepDeployment(deployment, begun(1e9)).transitions).toEqual([]);
  });
});

test('what is once unwanted never runs again, whatever comes', () => {
  fc.assert(
    fc.property(fc.array(anyDeploymentInput), fc.array(anyDeploymentInput), (before, later) => {
      const end = [...before, unwanted, ...later].reduce(
        (deployment, input) => stepDeployment(deployment, input).deployment,
        fresh,
      );
      expect(['draining', 'removed']).toContain(end.status);
    }),
  );
});

test('revisions have no gap, transitions chain, and no generation is used twice', () => {
  fc.assert(
    fc.property(fc.array(anyDeploymentInput, { maxLength: 40 }), (inputs) => {
      let deployment = fresh;
      const generations: number[] = [];
      for (const input of inputs) {
        const step = stepDeployment(deployment, input);
        let { status, revision } = deployment;
        for (const transition of step.transitions) {
          expect(transition.from).toBe(status);
          expect(transition.deployment.revision).toBe(revision + 1);
          if (transition.to === 'creating') generations.push(transition.deployment.generation);
          status = transition.to;
          revision += 1;
        }
        expect(step.deployment).toMatchObject({ status, revision });
        expect(step.deployment.attempt).toBeLessThanOrEqual(ATTEMPTS_MAX);
        deployment = step.deployment;
      }
      expect(new Set(generations).size).toBe(generations.length);
    }),
  );
});
