import { CallError } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import { isAway } from './away.ts';
import { toWireError } from './envelope.ts';

const coded = (code: string) => Object.assign(new Error('said by a driver'), { code });

test.each([
  ['a refused connection', coded('ECONNREFUSED')],
  ['a lost session', coded('08006')],
  ['a full disk', coded('53100')],
  ['too many connections', coded('53300')],
  ['a statement that took too long', coded('57014')],
  ['a shutdown', coded('57P01')],
  ['a file that cannot be read', coded('58030')],
  ['a standby', coded('25006')],
  ['a deadlock that came again', coded('40P01')],
  ['a pool without a connection', new Error('timeout exceeded when trying to connect')],
])('%s is a dependency that is away, and a caller is told so', (_, cause) => {
  expect(isAway(cause)).toBe(true);
  expect(isAway(new Error('wrapped', { cause }))).toBe(true);
  expect(toWireError(cause)).toEqual({
    code: 'unavailable',
    message: 'what the service depends on is away',
  });
});

test.each([
  ['a violated key', coded('23505')],
  ['text that cannot be stored', coded('22021')],
  ['a column that is not there', coded('42703')],
  ['a mistake of ours', new TypeError('undefined is not a function')],
])('%s is the fault of the message, and a caller learns nothing of it', (_, cause) => {
  expect(isAway(cause)).toBe(false);
  expect(toWireError(cause).code).toBe('internal');
});

test.each(['unavailable', 'deadline_exceeded', 'resource_exhausted'] as const)(
  'another service that answers %s is away',
  (code) => {
    expect(isAway(new CallError(code, 'not now'))).toBe(true);
  },
);

test('what was refused for good is not away', () => {
  expect(isAway(new CallError('invalid_argument', 'never'))).toBe(false);
});
