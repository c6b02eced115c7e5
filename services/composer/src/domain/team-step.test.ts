import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyse } from './analysis.ts';
import { isEnded, type Team } from './team.ts';
import { type TeamInput } from './team-input.ts';
import { after, type Outcome, replay, step } from './team-step.ts';

const { classification } = analyse(
  { title: 'Add a CSV export', body: '', labels: [] },
  { defaultStrategy: 'minimal_viable', isComplexityAnalysed: true, isRiskAssessed: true },
);
const seat = (role: 'executor' | 'reviewer', agentId: string | null) => ({
  id: `seat-${role}`,
  role,
  requiredSkills: ['typescript'],
  agentId,
  score: agentId === null ? null : 0.9,
  reasons: [],
});
const missing = [{ role: 'reviewer', skills: ['typescript'], reason: 'nobody is there' }];
const full = {
  strategy: 'minimal_viable',
  confidence: 0.9,
  classification,
  seats: [seat('executor', 'ada'), seat('reviewer', 'bob')],
  missing: [],
} as const;
const short = { ...full, seats: [seat('executor', 'ada'), seat('reviewer', null)], missing };
const compose = (what: typeof full | typeof short) =>
  ({
    kind: 'compose',
    at: 1,
    by: 'composer',
    id: 'team',
    taskId: 'task',
    attempt: 1,
    name: 'acme/shop#7',
    projectName: 'acme/shop',
    ...what,
  }) as const satisfies TeamInput;
const deployment = (role: string, status: string, isGivenUp = false) =>
  ({
    kind: 'deployment',
    at: 2,
    by: 'orchestrator',
    role,
    deploymentId: `d-${role}`,
    status,
    isGivenUp,
    reason: isGivenUp ? 'it crashed' : null,
  }) as const satisfies TeamInput;
const works = (role: string) =>
  ({
    kind: 'agent_working',
    at: 3,
    by: 'orchestrator',
    agentId: `x-${role}`,
    deploymentId: `d-${role}`,
  }) as const;
const close = { kind: 'close', at: 4, by: 'monitor', reason: 'the issue was closed' } as const;
const withdraw = { kind: 'withdraw', at: 4, by: 'monitor', reason: 'no work any more' } as const;
const setStatus = (status: 'completed' | 'cancelled' | 'failed') =>
  ({ kind: 'set_status', at: 5, by: 'user:1', status, reason: 'so' }) as const;

const teamAfter = (...inputs: TeamInput[]): Team => {
  const team = replay(inputs);
  if (team === undefined) throw new Error('no team');
  return team;
};
const happenings = (outcome: Outcome) =>
  outcome.kind === 'done' ? outcome.changes.map(({ happened }) => happened) : [outcome.code];
const COMPOSED = [compose(full)];
const DEPLOYED = [...COMPOSED, deployment('executor', 'healthy'), deployment('reviewer', 'healthy')];
const WORKING = [...DEPLOYED, works('executor')];
const WAITING = [compose(short)];

describe('composing', () => {
  test('fills every seat, or waits and says for what', () => {
    expect(teamAfter(...COMPOSED)).toMatchObject({ status: 'composed', revision: 1, reason: null });
    expect(teamAfter(...WAITING)).toMatchObject({
      status: 'waiting',
      reason: 'reviewer: nobody is there',
      missing,
    });
  });

  test('a waiting team is composed when somebody came, and not told of while nobody did', () => {
    const { seats, ...rest } = full;
    const again = { kind: 'recompose', at: 9, by: 'composer', ...rest } as const;
    const waiting = teamAfter(...WAITING);
    expect(happenings(step(waiting, { ...again, ...short }))).toEqual([]);
    expect(happenings(step(waiting, { ...again, seats }))).toEqual(['composed']);
    expect(happenings(step(teamAfter(...COMPOSED), { ...again, ...short }))).toEqual([]);
  });
});

describe('deployments', () => {
  test('make the team deployed when the last agent is healthy', () => {
    const one = teamAfter(...COMPOSED, deployment('executor', 'running'), deployment('executor', 'healthy'));
    expect(one).toMatchObject({ status: 'composed', deploymentStatus: 'deploying' });
    expect(happenings(step(one, deployment('reviewer', 'healthy')))).toEqual(['joined', 'deployed']);
    expect(teamAfter(...DEPLOYED)).toMatchObject({ status: 'deployed', deploymentStatus: 'deployed' });
  });

  test('said twice change nothing', () => {
    expect(happenings(step(teamAfter(...DEPLOYED), deployment('reviewer', 'healthy')))).toEqual([]);
    const running = teamAfter(...COMPOSED, deployment('executor', 'running'));
    expect(happenings(step(running, deployment('executor', 'running')))).toEqual([]);
  });

  test('that fail for now change nothing but the view; for good they fail the team', () => {
    expect(teamAfter(...COMPOSED, deployment('executor', 'failed')).status).toBe('composed');
    const failed = teamAfter(...COMPOSED, deployment('executor', 'failed', true));
    expect(failed).toMatchObject({
      status: 'failed',
      deploymentStatus: 'failed',
      reason: 'executor could not be deployed: it crashed',
    });
  });
});

describe('work', () => {
  test('begins with the first agent that claims it', () => {
    expect(happenings(step(teamAfter(...DEPLOYED), works('reviewer')))).toEqual(['working']);
    expect(happenings(step(teamAfter(...WORKING), works('reviewer')))).toEqual([]);
  });

  test('of one agent while another is still coming is remembered', () => {
    const early = teamAfter(...COMPOSED, deployment('executor', 'running'), works('executor'));
    expect(early.status).toBe('composed');
    expect(happenings(step(early, deployment('reviewer', 'healthy')))).toEqual([
      'joined',
      'deployed',
      'working',
    ]);
  });

  test('of a stranger is none of ours', () => {
    expect(happenings(step(teamAfter(...DEPLOYED), works('nobody')))).toEqual([]);
  });
});

test.for([
  { name: 'closing a waiting team cancels it', inputs: WAITING, input: close, status: 'cancelled' },
  { name: 'closing a composed team cancels it', inputs: COMPOSED, input: close, status: 'cancelled' },
  { name: 'closing a deployed team completes it', inputs: DEPLOYED, input: close, status: 'completed' },
  { name: 'closing a working team completes it', inputs: WORKING, input: close, status: 'completed' },
  {
    name: 'a task that is none cancels a composed team',
    inputs: COMPOSED,
    input: withdraw,
    status: 'cancelled',
  },
  { name: 'and leaves a working one alone', inputs: WORKING, input: withdraw, status: 'working' },
  { name: 'an admin fails a team', inputs: WORKING, input: setStatus('failed'), status: 'failed' },
] as const)('$name', ({ inputs, input, status }) => {
  const team = teamAfter(...inputs, input);
  expect(team.status).toBe(status);
  if (isEnded(team.status)) expect(team.members.every((one) => one.status === 'released')).toBe(true);
});

test('an end is the end: the same one is repeated, another refused', () => {
  const team = teamAfter(...WORKING, setStatus('completed'));
  expect(step(team, setStatus('completed'))).toEqual({ kind: 'done', changes: [] });
  expect(step(team, setStatus('failed'))).toMatchObject({ kind: 'refused', code: 'failed_precondition' });
});

const input: fc.Arbitrary<TeamInput> = fc.oneof(
  fc.constantFrom<TeamInput>(...COMPOSED, close, withdraw, setStatus('completed'), setStatus('failed')),
  fc
    .tuple(
      fc.constantFrom('executor', 'reviewer', 'coordinator'),
      fc.constantFrom('wanted', 'running', 'healthy', 'failed', 'removed'),
    )
    .map(([role, status]) => deployment(role, status)),
  fc.constantFrom('executor', 'reviewer').map(works),
  fc.constantFrom<TeamInput>(
    { kind: 'recompose', at: 9, by: 'composer', ...full },
    { kind: 'recompose', at: 9, by: 'composer', ...short },
  ),
);
const life = fc
  .tuple(fc.constantFrom(compose(full), compose(short)), fc.array(input, { maxLength: 30 }))
  .map(([first, rest]) => [first, ...rest]);

test('a life keeps its rules, and its inputs make it again', () => {
  fc.assert(
    fc.property(life, (inputs) => {
      let team: Team | undefined;
      const stored: TeamInput[] = [];
      for (const one of inputs) {
        const outcome = step(team, one);
        const now = after(team, outcome);
        if (outcome.kind === 'done' && outcome.changes.length > 0) stored.push(one);
        if (team !== undefined && isEnded(team.status)) expect(now).toBe(team);
        if (outcome.kind === 'done') {
          const revision = team?.revision ?? 0;
          expect(outcome.changes.map((change) => change.team.revision)).toEqual(
            outcome.changes.map((_, at) => revision + at + 1),
          );
        }
        if (now?.status === 'deployed' || now?.status === 'working') {
          expect(now.members.every(({ status }) => status !== 'assigned')).toBe(true);
        }
        if (now !== undefined && now.status !== 'waiting' && !isEnded(now.status)) {
          expect(now.members.every(({ agentId }) => agentId !== null)).toBe(true);
        }
        team = now;
      }
      expect(replay(JSON.parse(JSON.stringify(stored)) as TeamInput[])).toEqual(team);
    }),
  );
});
