import { expect, test } from 'vitest';
import { CallError, ERROR_CODES, ERRORS } from '@whoosh/contracts';
import { failureBody, failureOf, HttpRefusal } from './failure.ts';

const cases: [unknown, number, string][] = [
  ...ERROR_CODES.filter((code) => code !== 'deadline_exceeded').map((code): [unknown, number, string] => [
    new CallError(code, 'why'),
    ERRORS[code].http,
    code,
  ]),
  // A caller over HTTP needs to know one thing only: try again later.
  [new CallError('deadline_exceeded', 'why'), 504, 'unavailable'],
  [
    new CallError('failed_precondition', 'why', { details: { code: 'idempotency_mismatch' } }),
    422,
    'idempotency_mismatch',
  ],
  [new HttpRefusal('unsupported_media_type', 'why'), 415, 'unsupported_media_type'],
  [new HttpRefusal('method_not_allowed', 'why'), 405, 'method_not_allowed'],
  [new HttpRefusal('unauthenticated', 'why'), 401, 'unauthenticated'],
  [Object.assign(new Error('x'), { type: 'entity.too.large' }), 413, 'too_large'],
  [Object.assign(new Error('x'), { type: 'entity.parse.failed' }), 400, 'invalid_argument'],
  [Object.assign(new Error('x'), { type: 'encoding.unsupported' }), 415, 'unsupported_media_type'],
  [new URIError('x'), 400, 'invalid_argument'],
  [new Error('secret'), 500, 'internal'],
  ['secret', 500, 'internal'],
  [undefined, 500, 'internal'],
];

test.each(cases)('%s becomes %d %s', (thrown, status, code) => {
  const failure = failureOf(thrown);
  expect([failure.status, failureBody(failure).details.code]).toEqual([status, code]);
});

test('details travel, and cannot speak over the code', () => {
  const thrown = new CallError('taken', 'the seat is taken', { details: { agent_id: 'a', code: 'mine' } });
  expect(failureBody(failureOf(thrown))).toEqual({
    status: 'error',
    error: 'the seat is taken',
    details: { agent_id: 'a', code: 'taken' },
  });
});

test('nothing unknown is told', () => {
  expect(JSON.stringify(failureBody(failureOf(new Error('password=hunter2'))))).not.toContain('hunter2');
  const internal = new CallError('internal', 'select * from', { details: { sql: 'select' } });
  expect(JSON.stringify(failureBody(failureOf(internal)))).not.toContain('select');
});
