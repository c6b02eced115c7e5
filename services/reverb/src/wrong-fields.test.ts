import { Random } from '@whoosh/stdx';
import { mutateMessage } from '@whoosh/stdx/testing';
import { expect, test } from 'vitest';
import { FIELDS_CHARACTERS_MAX, wrongFields } from './wrong-fields.ts';

const claim = {
  type: 'backbeat.statusclaim.v1',
  agent_id: 'a',
  beat_index: 1,
  state: 'executing',
  hlc: '0001:0002:0003',
  notes: 'hunter2',
};
const marker = {
  type: 'backbeat.windowclose.v1',
  window_id: 'a'.repeat(32),
  epoch: 1,
  from_beat: 4,
  to_beat: 3,
  reason: 'frame',
  missed_beats: 0,
  missed_windows: 0,
  tempo_drift_ms: 0,
  grace_ms: 25,
};
const bytes = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));
const told = (body: unknown, kind = 'claim') => wrongFields(kind, 'schema', bytes(body));
const many = (count: number, name: (at: number) => string) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [name(at), 'hunter2']));

test.each([
  ['a value of another kind', { ...claim, beat_index: 'hunter2' }, 'beat_index'],
  ['one that is too long', { ...claim, notes: 'hunter2'.repeat(99) }, 'notes'],
  ['one that is missing', { ...claim, hlc: undefined }, 'hlc'],
  ['one in another', { ...claim, resources: { cpu_percent: 'hunter2' } }, 'resources.cpu_percent'],
  ['one of a list', { ...claim, dependencies: ['a', 'hunter 2'] }, 'dependencies.1'],
  ['two', { ...claim, state: 'hunter2', progress: 7 }, 'progress, state'],
  ['one that is not known', { ...claim, extra: 'hunter2' }, 'extra'],
  ['one without a name', { ...claim, '': 'hunter2' }, '""'],
  ['one that is not known there', { ...claim, resources: { gpu: 1 } }, 'resources.gpu'],
  ['no object', ['hunter2'], 'the whole'],
  ['too many', { ...claim, ...many(9, (at) => `x${at}`) }, 'x0, x1, x2, x3, x4 and 4 more'],
])('names %s and not what it holds', (_what, body, fields) => {
  expect(told(body).split(', ').toSorted()).toEqual(fields.split(', ').toSorted());
});

test('tells a message that is too large, and a marker of too many beats', () => {
  expect(wrongFields('claim', 'schema', new Uint8Array(40_000))).toBe('the whole, of more than 32768 bytes');
  expect(told(marker, 'marker')).toBe('to_beat');
});

test('tells of the other reasons the field that they are about, where there is one', () => {
  const of = (reason: string) => wrongFields('claim', reason, bytes(claim));
  expect(['foreign_agent', 'ahead', 'malformed', 'unsigned', 'signature', 'flood'].map(of)).toEqual([
    'agent_id',
    'beat_index',
    '',
    '',
    '',
    '',
  ]);
});

test('says little and nothing that a header cannot hold, whatever the names are', () => {
  const hostile = told({ ...claim, ...many(9, (at) => `${'é\r\nX: y'.repeat(20)}${at}`) });
  expect(hostile).toMatch(/^[ -~]+ and 4 more$/);
  expect(hostile.length).toBeLessThanOrEqual(FIELDS_CHARACTERS_MAX);
  const random = new Random(5);
  for (let i = 0; i < 2_000; i += 1) {
    const payload = mutateMessage(random, { ...claim, resources: { cpu_percent: 1 }, metadata: { a: [1] } });
    const fields = wrongFields('claim', 'schema', payload);
    expect(fields).toMatch(/^[ -~]*$/);
    expect(fields.length).toBeLessThanOrEqual(FIELDS_CHARACTERS_MAX);
  }
});
