import { type councils, type teams } from '@whoosh/contracts';
import { describe, expect, test } from 'vitest';
import { councilSeats, teamSeats } from './seats.ts';

const councilId = '0190f3a0-0000-7000-8000-0123456789ab';

function seat(role: string, over: Partial<councils.CouncilSeat> = {}): councils.CouncilSeat {
  return {
    role,
    name: role,
    required: true,
    why: 'core',
    status: 'open',
    agent_id: null,
    deployment_id: null,
    claimed_at: null,
    ...over,
  };
}
function council(
  status: councils.CouncilView['status'],
  seats: councils.CouncilSeat[],
): councils.CouncilView {
  return {
    id: councilId,
    status,
    core_agents: seats,
    optional_agents: [],
  } as unknown as councils.CouncilView;
}

describe('the seats of a council', () => {
  test('each open or claimed seat wants one agent, with the same id every time', () => {
    const view = council('forming', [seat('qa-lead'), seat('eng-lead')]);
    expect(councilSeats(view)).toEqual([
      { role: 'qa-lead', slot: 0, agentId: 'whoosh-qa-lead-0123456789ab', profileAgentId: null },
      { role: 'eng-lead', slot: 0, agentId: 'whoosh-eng-lead-0123456789ab', profileAgentId: null },
    ]);
    expect(councilSeats(view)).toEqual(councilSeats(view));
  });

  test.each([
    ['absent', seat('ux-lead', { status: 'absent' }), 0],
    ['released', seat('ux-lead', { status: 'released' }), 0],
    ['claimed by ours', seat('ux-lead', { status: 'claimed', agent_id: 'whoosh-ux-lead-0123456789ab' }), 1],
    ['claimed by another', seat('ux-lead', { status: 'claimed', agent_id: 'somebody' }), 0],
  ])('a seat that is %s wants %3$d agents', (_name, one, wanted) => {
    expect(councilSeats(council('active', [one]))).toHaveLength(wanted);
  });

  test.each(['completed', 'failed', 'cancelled'] as const)('a council that is %s wants none', (status) => {
    expect(councilSeats(council(status, [seat('qa-lead')]))).toEqual([]);
  });
});

describe('the seats of a team', () => {
  const member = (role: string, agentId: string) => ({ role, agent_id: agentId });
  const team = (status: string) =>
    ({
      id: councilId,
      status,
      members: [member('executor', 'a'), member('reviewer', 'b'), member('executor', 'c')],
    }) as unknown as teams.TeamView;

  test('members of one role get slots and ids of their own, and keep their profile', () => {
    expect(teamSeats(team('composed')).map((s) => [s.role, s.slot, s.agentId, s.profileAgentId])).toEqual([
      ['executor', 0, 'whoosh-executor-0123456789ab', 'a'],
      ['reviewer', 0, 'whoosh-reviewer-0123456789ab', 'b'],
      ['executor', 1, 'whoosh-executor-1-0123456789ab', 'c'],
    ]);
  });

  test.each([
    ['composing', 0],
    ['waiting', 0],
    ['deployed', 3],
    ['working', 3],
    ['completed', 0],
    ['failed', 0],
    ['cancelled', 0],
  ])('while %s it wants %d agents', (status, wanted) => {
    expect(teamSeats(team(status))).toHaveLength(wanted);
  });
});
