import { describe, expect, test } from 'vitest';
import { seatOf } from './council.ts';
import { type CouncilInput } from './input.ts';
import { step } from './step.ts';
import {
  active,
  claimInput,
  councilAfter,
  DEADLINE_AT,
  formed,
  formInput,
  happenings,
  next,
  RESERVED_UNTIL,
  T0,
} from './test-council.ts';

const DEPLOYMENT = '0199a000-0000-7000-8000-0000000000d1';
const OTHER = '0199a000-0000-7000-8000-0000000000d2';
const reserve = {
  kind: 'reserve',
  at: T0 + 1,
  by: 'orchestrator',
  role: 'eng-lead',
  deploymentId: DEPLOYMENT,
  until: RESERVED_UNTIL + 5_000,
} as const satisfies CouncilInput;

test('a council forms with every seat waiting for the agent that is deployed for it', () => {
  const council = councilAfter(formInput(['ux-lead']));
  expect(council).toMatchObject({ status: 'forming', revision: 1, round: null });
  expect(council.seats.map(({ role, required }) => [role, required])).toEqual([
    ['product-manager', true],
    ['eng-lead', true],
    ['qa-lead', true],
    ['ux-lead', false],
  ]);
  expect(council.seats.every(({ status, reservedUntil }) => status === 'open' && reservedUntil)).toBe(true);
});

describe('a RoleClaim', () => {
  const reserved = councilAfter(formInput(), reserve);
  const early = { at: T0 + 2 };
  test.for([
    {
      name: 'for a seat nobody has been deployed for yet waits',
      council: councilAfter(formInput()),
      input: claimInput('eng-lead', 'eng', early),
      code: 'unavailable',
    },
    {
      name: 'of another agent does not get a reserved seat',
      council: reserved,
      input: claimInput('eng-lead', 'eng', { ...early, deploymentId: OTHER }),
      code: 'not_qualified',
    },
    {
      name: 'without the capabilities is refused',
      council: formed(),
      input: claimInput('eng-lead', 'eng', { capabilities: ['cooking'] }),
      code: 'not_qualified',
    },
    {
      name: 'for a role that the council does not have is refused',
      council: formed(),
      input: claimInput('ux-lead', 'ux'),
      code: 'not_found',
    },
    {
      name: 'for a second seat of the same agent is refused',
      council: next(formed(), claimInput('qa-lead', 'eng')),
      input: claimInput('eng-lead', 'eng'),
      code: 'not_qualified',
    },
    {
      name: 'for a taken seat loses',
      council: next(formed(), claimInput('eng-lead', 'first')),
      input: claimInput('eng-lead', 'second'),
      code: 'taken',
    },
    {
      name: 'comes too late when the council has ended',
      council: next(formed(), { kind: 'cancel', at: T0 + 3, by: 'admin', reason: 'no' }),
      input: claimInput('eng-lead', 'eng'),
      code: 'failed_precondition',
    },
  ])('$name', ({ council, input, code }) => {
    expect(step(council, input)).toMatchObject({ kind: 'refused', code });
  });

  test('tells the loser who holds the seat', () => {
    const council = next(formed(), claimInput('eng-lead', 'first'));
    expect(step(council, claimInput('eng-lead', 'second'))).toMatchObject({ details: { agent_id: 'first' } });
  });

  test('tells what is missing, and until when a seat is reserved', () => {
    const poor = claimInput('eng-lead', 'eng', { capabilities: ['go'], required: ['go', 'architecture'] });
    expect(step(formed(), poor)).toMatchObject({ details: { missing: ['architecture'] } });
    const foreign = claimInput('eng-lead', 'eng', { ...early, deploymentId: OTHER });
    expect(step(reserved, foreign)).toMatchObject({ details: { reserved_until: reserve.until } });
  });

  test.for([
    { name: 'the role itself', capabilities: ['ENG-LEAD '], required: ['architecture'] },
    { name: 'all that the role needs', capabilities: ['Architecture', 'go'], required: ['architecture'] },
  ])('qualifies with $name', ({ capabilities, required }) => {
    const outcome = step(formed(), claimInput('eng-lead', 'eng', { capabilities, required }));
    expect(happenings(outcome)).toEqual(['role_claimed']);
  });

  test('said again by the same agent changes nothing and is no failure', () => {
    const council = next(formed(), claimInput('eng-lead', 'eng'));
    expect(step(council, claimInput('eng-lead', 'eng'))).toEqual({ kind: 'done', changes: [] });
  });

  test('of the agent deployed for the seat is accepted while it is reserved', () => {
    const outcome = step(reserved, claimInput('eng-lead', 'eng', { ...early, deploymentId: DEPLOYMENT }));
    expect(happenings(outcome)).toEqual(['role_claimed']);
  });

  test('on the last core seat makes the council active, with round 1 at this beat', () => {
    const council = active();
    expect(council).toMatchObject({
      status: 'active',
      round: { number: 1, phase: 'propose', openedAtBeat: 10 },
    });
    expect(council.rounds).toEqual([{ number: 1, openedAtBeat: 10, closedAtBeat: null, outcome: null }]);
  });

  test('takes an optional seat after work has begun', () => {
    const outcome = step(active(['ux-lead']), claimInput('ux-lead', 'ux'));
    expect(happenings(outcome)).toEqual(['role_claimed']);
  });
});

describe('time', () => {
  const clock = (at: number, beat: number | null = null) =>
    ({ kind: 'clock', at, by: 'council', beat }) as const satisfies CouncilInput;

  test('frees seats whose reservation ran out, once', () => {
    const council = councilAfter(formInput(), reserve);
    const outcome = step(council, clock(RESERVED_UNTIL));
    expect(happenings(outcome)).toEqual(['role_offered']);
    const freed = next(council, clock(RESERVED_UNTIL));
    expect(freed.seats.map(({ reservedUntil }) => reservedUntil)).toEqual([null, reserve.until, null]);
    expect(step(freed, clock(RESERVED_UNTIL + 1))).toEqual({ kind: 'done', changes: [] });
  });

  test('does not take back what was offered to all', () => {
    expect(step(formed(), reserve)).toEqual({ kind: 'done', changes: [] });
  });

  test('fails a council whose core seats are empty at the deadline, and says which', () => {
    const council = next(formed(['ux-lead']), claimInput('eng-lead', 'eng'));
    const failed = next(council, clock(DEADLINE_AT));
    expect(failed).toMatchObject({ status: 'failed' });
    expect(failed.reason).toBe('nobody took product-manager, qa-lead before the deadline');
    expect(failed.seats.map(({ status }) => status)).toEqual(['absent', 'released', 'absent', 'absent']);
  });

  test('records an optional seat as absent and lets the council go on', () => {
    const council = active(['ux-lead']);
    const later = next(council, clock(DEADLINE_AT));
    expect(later.status).toBe('active');
    expect(seatOf(later, 'ux-lead')?.status).toBe('absent');
    expect(step(later, claimInput('ux-lead', 'ux'))).toMatchObject({ code: 'failed_precondition' });
    expect(step(later, clock(DEADLINE_AT + 1))).toEqual({ kind: 'done', changes: [] });
  });

  test.for([
    { name: 'not before its time', at: DEADLINE_AT - 1, beat: 500, over: false },
    { name: 'not before its beat', at: DEADLINE_AT, beat: 139, over: false },
    { name: 'at its beat', at: DEADLINE_AT, beat: 140, over: true },
    { name: 'by time alone while no pulse is heard', at: DEADLINE_AT, beat: null, over: true },
    { name: 'by time alone when the beats are counted anew', at: DEADLINE_AT, beat: 7, over: true },
  ])('the deadline is reached $name', ({ at, beat, over }) => {
    const council = councilAfter(formInput([], 140), clock(RESERVED_UNTIL));
    expect(next(council, clock(at, beat)).status).toBe(over ? 'failed' : 'forming');
  });
});

describe('an agent that goes offline', () => {
  const lost = (agentId: string, deploymentId: string | null) =>
    ({ kind: 'agent_lost', at: T0 + 90_000, by: 'orchestrator', agentId, deploymentId }) as const;

  test('keeps the seat it was deployed for', () => {
    const claim = claimInput('eng-lead', 'eng', { at: T0 + 2, deploymentId: DEPLOYMENT });
    const council = councilAfter(formInput(), reserve, claim);
    const away = next(council, lost('eng', DEPLOYMENT));
    expect(seatOf(away, 'eng-lead')).toMatchObject({
      status: 'claimed',
      agentId: 'eng',
      awaySince: T0 + 90_000,
    });
    expect(step(away, lost('eng', DEPLOYMENT))).toEqual({ kind: 'done', changes: [] });
    const back = next(away, { kind: 'agent_back', at: T0 + 91_000, by: 'orchestrator', agentId: 'eng' });
    expect(seatOf(back, 'eng-lead')).toMatchObject({ status: 'claimed', awaySince: null });
  });

  test('gives up a seat that it took as a free agent; another takes it without a second beginning', () => {
    const council = next(active(), lost('eng', null));
    expect(seatOf(council, 'eng-lead')).toMatchObject({ status: 'open', agentId: null, reservedUntil: null });
    expect(happenings(step(council, claimInput('eng-lead', 'other')))).toEqual(['role_claimed']);
  });

  test('that holds no seat changes nothing', () => {
    expect(step(active(), lost('stranger', null))).toEqual({ kind: 'done', changes: [] });
  });
});

describe('a brief that is none any more', () => {
  const withdraw = { kind: 'withdraw', at: T0 + 9, by: 'monitor', reason: 'not a Design Brief' } as const;
  test('cancels a forming council', () => expect(next(formed(), withdraw).status).toBe('cancelled'));
  test('does not undo an active one', () =>
    expect(step(active(), withdraw)).toEqual({ kind: 'done', changes: [] }));
  test('closing cancels an active one, its seats are released', () => {
    const council = next(active(), { kind: 'cancel', at: T0 + 9, by: 'monitor', reason: 'closed' });
    expect(council).toMatchObject({ status: 'cancelled', reason: 'closed' });
    expect(council.seats.every(({ status }) => status === 'released')).toBe(true);
    expect(step(council, { kind: 'cancel', at: T0 + 10, by: 'x', reason: 'again' })).toMatchObject({
      changes: [],
    });
  });
});
