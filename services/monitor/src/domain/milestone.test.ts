import { expect, test } from 'vitest';
import { type councils, type teams } from '@whoosh/contracts';
import { councilComment, marker, teamComment } from './milestone.ts';

const seat = {
  role: 'eng-lead',
  name: 'Engineering Lead',
  required: true,
  why: 'always',
  status: 'claimed',
  agent_id: 'eng-lead-1',
  deployment_id: null,
  claimed_at: null,
} as const;
const council = {
  id: 'c',
  council_id: 'c',
  task_id: 't',
  attempt: 1,
  project_name: 'acme/orders',
  title: 'x',
  core_agents: [seat],
  optional_agents: [
    {
      ...seat,
      role: 'sec-lead',
      name: 'Security Lead',
      required: false,
      status: 'open',
      agent_id: null,
      why: 'the brief says <script>`@root`',
    },
  ],
  strategy: 's',
  status: 'forming',
  reason: null,
  round: null,
  artifacts: [],
  seat_deadline_at: '',
  revision: 1,
  created_at: '',
  updated_at: '',
} as unknown as councils.CouncilView;

test('a council that forms and one that is formed have a comment each; phases have none', () => {
  expect(councilComment('forming', council)?.milestone).toBe('council_forming');
  expect(councilComment('role_claimed', council)?.milestone).toBe('council_forming');
  expect(councilComment('active', { ...council, status: 'active' })?.milestone).toBe('council_formed');
  expect(councilComment('phase_changed', council)).toBeUndefined();
  expect(councilComment('completed', council)?.milestone).toBe('council_finished');
});

test('who sits where stands in it, and what people wrote cannot become markup or a mention', () => {
  const body = councilComment('forming', council)?.body ?? '';
  expect(body).toContain('`eng-lead-1`');
  expect(body).not.toContain('<script>');
  expect(body).toContain('&lt;script>');
  expect(body).not.toMatch(/@root/);
});

test('a team that waited and is composed edits the same comment', () => {
  const team = {
    strategy: 'minimal_viable',
    confidence: 0.8,
    classification: { task_type: 'bug_fix', complexity: null, risk_level: 'low' },
    members: [{ role: 'executor', agent_id: 'a1', score: 0.91, reasons: ['knows | pipes'] }],
    missing: [{ role: 'executor', skills: ['go'], reason: 'nobody' }],
  } as unknown as teams.TeamView;
  expect(teamComment('waiting', team)?.milestone).toBe(teamComment('composed', team)?.milestone);
  expect(teamComment('composed', team)?.body).toContain('| executor | `a1` | 0.91 | knows \\| pipes |');
  expect(teamComment('joined', team)).toBeUndefined();
});

test('the mark names task, attempt and milestone', () => {
  expect(marker('t', 2, 'team_composed')).toBe('<!-- whoosh:t:2:team_composed -->');
});
