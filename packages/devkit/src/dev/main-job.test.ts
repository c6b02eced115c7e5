import { expect, test } from 'vitest';
import {
  deployedCouncilAgents,
  followBrief,
  heard,
  missing,
  type Happened,
  type MainJob,
} from './main-job.ts';

const task = (revision: number, what = 'opened'): Happened => ({
  type: `whoosh.task.${what}.v1`,
  data: {
    id: 'task-1',
    revision,
    repository: 'acme/orders',
    number: 7,
    title: 'Design Brief',
    kind: 'brief',
  },
});
const seat = (role: string, agent_id: string | null) => ({
  role,
  agent_id,
  status: agent_id === null ? 'open' : 'claimed',
});
const council = (what: string, revision: number, ...seats: ReturnType<typeof seat>[]): Happened => ({
  type: `whoosh.council.${what}.v1`,
  data: {
    id: 'council-1',
    revision,
    task_id: 'task-1',
    status: what,
    core_agents: seats,
    optional_agents: [],
  },
});
const deployment = (what: string, revision: number, agent_id: string): Happened => ({
  type: `whoosh.deployment.${what}.v1`,
  data: { id: `d-${agent_id}`, revision, owner_id: 'council-1', agent_id, role: 'qa-lead', status: what },
});

function tell(...events: Happened[]): { job: MainJob; lines: string[] } {
  const lines: string[] = [];
  let job = followBrief('acme/orders', 7);
  for (const event of events) {
    const next = heard(job, event);
    job = next.job;
    lines.push(...next.lines);
  }
  return { job, lines };
}

const whole = [
  task(1),
  council('forming', 1, seat('qa-lead', null)),
  deployment('wanted', 1, 'qa-1'),
  deployment('running', 2, 'qa-1'),
  council('role_claimed', 2, seat('qa-lead', 'qa-1')),
  council('active', 3, seat('qa-lead', 'qa-1')),
  deployment('healthy', 3, 'qa-1'),
];

test('the whole job, told once and in order', () => {
  const { job, lines } = tell(...whole);
  expect(lines).toEqual([
    'brief seen: acme/orders#7 "Design Brief"',
    'council forming: qa-lead',
    'agent running: qa-1 (qa-lead)',
    'seat taken: qa-lead by qa-1',
    'council formed: qa-lead (qa-1)',
    'agent on the beat: qa-1 (qa-lead)',
  ]);
  expect(missing(job)).toEqual([]);
  expect(deployedCouncilAgents(job)).toEqual(['qa-1']);
});

test('saying it all again tells nothing and changes nothing', () => {
  const once = tell(...whole);
  expect(tell(...whole, ...whole)).toEqual(once);
});

test('other issues and other councils are passed over', () => {
  const other: Happened = {
    type: 'whoosh.task.opened.v1',
    data: { id: 'task-2', revision: 1, repository: 'acme/orders', number: 8 },
  };
  const foreign: Happened = {
    type: 'whoosh.council.forming.v1',
    data: { id: 'council-2', revision: 1, task_id: 'task-2' },
  };
  expect(tell(task(1), other, foreign).lines).toHaveLength(1);
});

test('what is missing is named, from the first arrow to the last', () => {
  expect(missing(followBrief('acme/orders', 7))[0]).toBe('acme/orders#7 was not seen');
  expect(missing(tell(task(1)).job)).toContain('no council is forming');
  expect(missing(tell(...whole.slice(0, 3)).job)).toContain('the seat qa-lead is not taken');
  const failed = tell(...whole.slice(0, 6), deployment('failed', 9, 'qa-1'));
  expect(missing(failed.job)).toEqual(['qa-1 is failed']);
});

test('an optional seat is not waited for, a required one is', () => {
  const open = { ...seat('ux-lead', null), required: false };
  expect(missing(tell(...whole, council('seat_changed', 4, seat('qa-lead', 'qa-1'), open)).job)).toEqual([]);
  const required = { ...seat('eng-lead', null), required: true };
  expect(missing(tell(...whole, council('seat_changed', 4, seat('qa-lead', 'qa-1'), required)).job)).toEqual([
    'the seat eng-lead is not taken',
  ]);
});

test('an agent that was not deployed for the council does not count as one of its agents', () => {
  const { job } = tell(task(1), council('active', 3, seat('qa-lead', 'stranger')));
  expect(missing(job)).toContain('no deployed agent sits in the council');
});
