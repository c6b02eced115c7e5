import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { signJwt } from './sign-jwt.ts';

test('three parts, signed over the first two, ending when it should', () => {
  const token = signJwt('secret', { user_id: 'dev-admin', role: 'admin' }, { issuedAt: 1_000, lifetime: 60 });
  const [header = '', payload = '', signature] = token.split('.');
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  expect(read(header)).toEqual({ alg: 'HS256', typ: 'JWT' });
  expect(read(payload)).toEqual({ user_id: 'dev-admin', role: 'admin', iat: 1_000, exp: 1_060 });
  expect(signature).toBe(createHmac('sha256', 'secret').update(`${header}.${payload}`).digest('base64url'));
});
