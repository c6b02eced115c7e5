import { describe, expect, test } from 'vitest';
import { ACCESS, isAllowed, type Access } from './access.ts';
import {
  bearerToken,
  callerOfClaims,
  callerOfJoinToken,
  callerOfServiceToken,
  looksLikeJwt,
  tokenDigest,
} from './identity.ts';

const exp = 2_000_000_000;

describe('a JWT names', () => {
  test.each([
    ['admin', 'user'],
    ['user', 'user'],
    ['agent', 'agent'],
    ['service', 'service'],
  ] as const)('with role %s a %s', (role, kind) => {
    expect(callerOfClaims({ user_id: 'ada', role, exp })).toEqual({
      principal: { kind, id: 'ada', role },
      expiresAtMs: exp * 1_000,
    });
  });

  test('the deployment of an agent', () => {
    const deployment_id = '0190f3a0-0000-7000-8000-000000000001';
    expect(callerOfClaims({ user_id: 'a:1', role: 'agent', exp, deployment_id })?.principal).toEqual({
      kind: 'agent',
      id: 'a:1',
      role: 'agent',
      deployment_id,
    });
  });

  test.each([
    { user_id: 'ada', role: 'root', exp },
    { user_id: 'ada', role: 'admin' },
    { role: 'admin', exp },
    { user_id: '', role: 'admin', exp },
    { user_id: 'a b', role: 'admin', exp },
    { user_id: 7, role: 'admin', exp },
    { user_id: 'ada', role: 'agent', exp, deployment_id: '../../x' },
    'ada',
    null,
  ])('nobody in %j', (claims) => {
    expect(callerOfClaims(claims)).toBeUndefined();
  });
});

test('a service token is found among the known ones, wherever it stands', () => {
  const known = ['one', 'two', 'three'].map(tokenDigest);
  for (const token of ['one', 'two', 'three']) {
    expect(callerOfServiceToken(tokenDigest(token), known)?.principal.role).toBe('service');
  }
  expect(callerOfServiceToken(tokenDigest('on'), known)).toBeUndefined();
  expect(callerOfServiceToken(tokenDigest('one'), [])).toBeUndefined();
});

test('a caller never carries the token itself', () => {
  const token = 'f'.repeat(64);
  const callers = [
    callerOfJoinToken(tokenDigest(token)),
    callerOfServiceToken(tokenDigest(token), [tokenDigest(token)]),
  ];
  expect(JSON.stringify(callers)).not.toContain(token);
  expect(callers[0]?.principal).toMatchObject({
    kind: 'join',
    role: 'none',
    token_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test.each([
  ['Bearer abc', 'abc'],
  ['bearer   abc', 'abc'],
  ['Basic abc', undefined],
  ['Bearer', undefined],
  ['Bearer a b', undefined],
  ['Bearer a\u0000b', undefined],
  [undefined, undefined],
])('the token of %j is %j', (header, token) => {
  expect(bearerToken(header)).toBe(token);
});

test.each([
  ['a.b.c', true],
  ['a.b.', true],
  ['abc', false],
  ['a.b', false],
  ['a.b.c.d', false],
])('%j looks like a JWT: %j', (token, looks) => {
  expect(looksLikeJwt(token)).toBe(looks);
});

test.each<[Access, string, boolean]>([
  ['any', 'user', true],
  ['any', 'none', false],
  ['admin', 'user', false],
  ['admin', 'service', false],
  ['admin', 'admin', true],
  ['service', 'admin', false],
  ['agent', 'agent', true],
  ['agent', 'admin', false],
  ['agent-or-admin', 'user', false],
  ['register', 'none', true],
  ['register', 'user', false],
])('%s: role %s may: %j', (access, role, may) => {
  expect(isAllowed(access, { kind: 'user', id: 'x', role: role as never })).toBe(may);
});

test('only registration takes somebody without a role', () => {
  const open = Object.entries(ACCESS).filter(([, { roles }]) =>
    (roles as readonly string[]).includes('none'),
  );
  expect(open.map(([name]) => name)).toEqual(['register']);
});
