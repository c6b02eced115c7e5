/** Deployments and inputs for the tests of the domain. */
import fc from 'fast-check';
import { type DeploymentInput, type Want } from '../src/domain/deployment.ts';

export const wantedSeat: Want = {
  id: 'd1',
  ownerKind: 'council',
  ownerId: 'c1',
  taskId: 't1',
  project: 'acme/rocket',
  role: 'qa-lead',
  slot: 0,
  agentId: 'qa-lead-1',
  profileAgentId: null,
  runtime: 'process',
  image: 'agent:1',
  environment: {},
};

const at = fc.integer({ min: 0, max: 200_000 });
const generation = fc.integer({ min: 1, max: 6 });

export const anyDeploymentInput: fc.Arbitrary<DeploymentInput> = fc.oneof(
  at.map((now) => ({
    type: 'begun' as const,
    at: now,
    joinTokenSha256: 'b'.repeat(64),
    healthyDeadlineAt: now + 60_000,
  })),
  fc.tuple(at, generation).map(([now, number]) => ({
    type: 'seen_running' as const,
    at: now,
    generation: number,
    runtimeRef: `d1.${number}`,
  })),
  at.map((now) => ({ type: 'claim_heard' as const, at: now })),
  fc.tuple(at, generation).map(([now, number]) => ({
    type: 'ended' as const,
    at: now,
    generation: number,
    reason: 'it ended',
    retryInMs: 1_000,
  })),
  at.map((now) => ({ type: 'gone' as const, at: now })),
);
