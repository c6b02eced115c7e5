import { type tasks } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import { DESCRIPTION_BYTES_MAX, seatEnvironment } from './agent-environment.ts';

const owner = {
  kind: 'council',
  id: 'c',
  taskId: 't',
  project: 'acme/rocket',
  status: 'forming',
  revision: 1,
} as const;
const seat = { role: 'qa-lead', slot: 0, agentId: 'qa-lead-1', profileAgentId: null };
const task = {
  title: 'Design Brief: a rocket',
  body: 'Build it.',
  priority: 'high',
  url: 'http://git.example/acme/rocket/issues/1',
} as tasks.TaskWithBody;

test('a council agent is told its role, its council and its task', () => {
  expect(seatEnvironment(owner, seat, task, undefined)).toEqual({
    CHORUS_AGENT_NAME: 'qa-lead',
    CHORUS_AGENT_ID: 'qa-lead-1',
    CHORUS_COUNCIL_ID: 'c',
    CHORUS_TASK_ID: 't',
    CHORUS_TASK_TITLE: 'Design Brief: a rocket',
    CHORUS_TASK_DESC: 'Build it.',
    CHORUS_PRIORITY: 'high',
    CHORUS_CAPABILITIES: 'qa-lead',
    CHORUS_PROJECT: 'acme/rocket',
    CHORUS_EXTERNAL_URL: 'http://git.example/acme/rocket/issues/1',
  });
});

test('a team agent works with the capabilities and the model of its profile', () => {
  const environment = seatEnvironment({ ...owner, kind: 'team' }, seat, task, {
    capabilities: ['typescript', 'testing'],
    model: 'llama3',
  });
  expect(environment).toMatchObject({
    CHORUS_TEAM_ID: 'c',
    CHORUS_CAPABILITIES: 'typescript,testing',
    CHORUS_MODEL: 'llama3',
  });
  expect(environment).not.toHaveProperty('CHORUS_COUNCIL_ID');
});

test('a long or hostile text is cut and cannot end a string early', () => {
  const hostile = { ...task, title: 'a\0b', body: '🥁'.repeat(DESCRIPTION_BYTES_MAX) };
  const environment = seatEnvironment(owner, seat, hostile, undefined);
  expect(environment['CHORUS_TASK_TITLE']).toBe('a\u{fffd}b');
  expect(Buffer.byteLength(environment['CHORUS_TASK_DESC'] ?? '')).toBeLessThanOrEqual(DESCRIPTION_BYTES_MAX);
});
