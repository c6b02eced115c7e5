import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import {
  asyncApi,
  backbeat,
  CALLS,
  CallError,
  cloudEvent,
  CONSUMERS,
  ERROR_CODES,
  EVENTS,
  fillTables,
  MESSAGES,
  schemaFiles,
  STREAMS,
  subject,
  type StreamDecl,
} from '../src/index.ts';

const at = (path: string) => new URL(path, import.meta.url);
const read = (path: string): unknown => JSON.parse(readFileSync(at(path), 'utf8'));

describe('what is committed is what the definitions say (make gen writes it)', () => {
  test.each([
    ['draft-2020-12', '../schemas/'],
    ['draft-07', '../schemas/draft-07/'],
  ] as const)('%s', (draft, folder) => {
    const made = schemaFiles(draft);
    const committed = readdirSync(at(folder))
      .filter((name) => name.endsWith('.schema.json'))
      .toSorted();
    expect(committed).toEqual(made.map(({ type }) => `${type}.schema.json`).toSorted());
    for (const { type, schema } of made)
      expect(read(`${folder}${type}.schema.json`)).toEqual(JSON.parse(JSON.stringify(schema)));
  });
  test('asyncapi.json', () =>
    expect(read('../asyncapi.json')).toEqual(JSON.parse(JSON.stringify(asyncApi()))));
  test('docs/PROTOCOL.md', () => {
    const document = readFileSync(at('../../../docs/PROTOCOL.md'), 'utf8');
    expect(fillTables(document)).toBe(document);
  });
});

interface Example {
  message: Record<string, unknown> & { type: string };
  valid: boolean;
}
const EXAMPLES = readdirSync(at('../fixtures/backbeat/')).map((name) => ({
  name,
  ...(read(`../fixtures/backbeat/${name}`) as Example),
}));
const SEED: Example['message'][] = [
  {
    type: 'backbeat.beatframe.v1',
    cluster_id: 'chorus-production',
    beat_index: 1234,
    downbeat: true,
    phase: 'execution',
    hlc: '7ffd:0001:beef',
    deadline_at: '2024-01-15T10:30:00Z',
    tempo_bpm: 120,
    window_id: '7e9b0e6c4c9a4e59b7f2d9a3c1b2e4d5',
  },
  {
    type: 'backbeat.statusclaim.v1',
    agent_id: 'agent:xyz',
    task_id: 'task:123',
    beat_index: 1234,
    state: 'executing',
    beats_left: 3,
    progress: 0.5,
    notes: 'fetching inputs',
    hlc: '7ffd:0001:beef',
  },
  {
    type: 'backbeat.barreport.v1',
    window_id: '7e9b0e6c4c9a4e59b7f2d9a3c1b2e4d5',
    from_beat: 240,
    to_beat: 359,
    agents_reporting: 978,
    on_time_reviews: 842,
    help_promises_fulfilled: 91,
    secret_rotations_ok: true,
    tempo_drift_ms: 7,
    issues: [],
  },
];
const ALL = [...EXAMPLES, ...SEED.map((message) => ({ name: `seed ${message.type}`, message, valid: true }))];

describe.each(ALL)('$name', ({ message, valid }) => {
  const contract = MESSAGES.find(({ type }) => type === message.type);
  test(`is ${valid ? 'valid' : 'invalid'} by the check`, () =>
    expect(contract?.body.safeParse(message).success).toBe(valid));
  test.each(['draft-2020-12', 'draft-07'] as const)(
    `is ${valid ? 'valid' : 'invalid'} by the published %s`,
    (draft) => {
      const ajv =
        draft === 'draft-07'
          ? new Ajv({ strict: false, validateFormats: false })
          : new Ajv2020({ strict: false, validateFormats: false });
      const schema = schemaFiles(draft).find(({ type }) => type === message.type)?.schema;
      expect(ajv.validate(schema ?? false, message)).toBe(valid);
    },
  );
});

test('synonyms of the field are read as what they mean', () => {
  const frame = backbeat.BeatFrame.parse({ ...SEED[0], phase: 'plan' });
  expect(frame.phase).toBe('planning');
  expect(backbeat.StatusClaim.parse({ ...SEED[1], state: 'done' }).state).toBe('completed');
});

test.each([
  [2 ** 53 - 1, true],
  [2 ** 53, false],
  [-1, false],
  [1.5, false],
])('beat index %d is readable: %s', (beat_index, valid) => {
  expect(backbeat.BeatFrame.safeParse({ ...SEED[0], beat_index }).success).toBe(valid);
});

test('unknown fields are refused outside metadata', () => {
  expect(backbeat.StatusClaim.safeParse({ ...SEED[1], mood: 'good' }).success).toBe(false);
  expect(backbeat.StatusClaim.safeParse({ ...SEED[1], metadata: { mood: 'good' } }).success).toBe(true);
});

describe('subjects', () => {
  test('take exactly the tokens of their pattern', () => {
    expect(subject('a.{b}.{c}').at({ b: '1', c: 'agent:7' })).toBe('a.1.agent:7');
    expect(subject('a.{b}.{c}').match('a.1.agent:7')).toEqual({ b: '1', c: 'agent:7' });
    expect(subject('a.{b}').match('a.1.2')).toBeUndefined();
  });
  test.each(['', '.', 'a.b', '*', '>', 'a b', 'ü', 'a'.repeat(129)])(
    'a token cannot escape its place: %j',
    (cluster) => {
      expect(() => backbeat.beats.subject.at({ cluster })).toThrow(TypeError);
    },
  );
});

describe('declarations fit together', () => {
  test('every message type, event type and call is declared once', () => {
    const types = [...EVENTS.map(({ type }) => type), ...CALLS.map(({ subject: { pattern } }) => pattern)];
    expect(new Set(types).size).toBe(types.length);
  });
  test('no two streams keep the same subject', () => {
    const subjects = Object.values(STREAMS as Record<string, StreamDecl>).flatMap(
      (stream) => stream.subjects,
    );
    expect(new Set(subjects).size).toBe(subjects.length);
  });
  test('every event lies in WHOOSH_EVENTS and every consumer reads subjects of its stream', () => {
    for (const {
      subject: { pattern },
    } of EVENTS)
      expect(pattern).toMatch(/^whoosh\.v1\.event\.[a-z_]+\.[a-z_]+\.\{id\}$/);
    for (const { filters, stream } of Object.values(CONSUMERS)) {
      const prefix = stream === 'WHOOSH_INBOX' ? 'whoosh.v1.inbox.' : 'whoosh.v1.event.';
      for (const filter of filters) expect(filter.startsWith(prefix)).toBe(true);
    }
  });
  test('a call names only codes of the table', () => {
    for (const { errors } of CALLS) for (const code of errors) expect(ERROR_CODES).toContain(code);
    expect(new CallError('taken', 'by a', { details: { agent_id: 'a' } }).details).toEqual({ agent_id: 'a' });
  });
  test('the envelope refuses another type and a missing revision', () => {
    const [event] = EVENTS;
    const schema = cloudEvent(event!);
    expect(schema.safeParse({ specversion: '1.0', type: 'whoosh.x.y.v1' }).success).toBe(false);
  });
});
