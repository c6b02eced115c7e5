import { SignJWT, UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import { Authenticator } from './authenticate.ts';

const NOW = 'a-secret-of-at-least-32-characters!';
const BEFORE = 'the-secret-that-was-in-use-before-it';
const door = new Authenticator({ jwt: [NOW, BEFORE], serviceTokens: ['token-a', 'token-b'] });

const signed = (secret: string, claims: Record<string, unknown>, alg = 'HS256') =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
const exp = Math.floor(Date.now() / 1_000) + 60;
const who = { user_id: 'ada', role: 'admin', exp };

test.each([
  ['the secret in use', () => signed(NOW, who)],
  ['the secret before it', () => signed(BEFORE, who)],
])('a token of %s is known', async (_name, token) => {
  const identity = await door.identify(`Bearer ${await token()}`, false);
  expect(identity).toMatchObject({ known: true, caller: { principal: { id: 'ada', role: 'admin' } } });
});

test.each<[string, () => string | undefined | Promise<string>, string]>([
  ['no header', () => undefined, 'missing'],
  ['an empty header', () => '', 'missing'],
  ['another scheme', () => 'Basic YTpi', 'malformed'],
  ['a foreign secret', async () => `Bearer ${await signed('x'.repeat(32), who)}`, 'unknown'],
  ['no signature at all', () => `Bearer ${new UnsecuredJWT(who).encode()}`, 'unknown'],
  ['another algorithm', async () => `Bearer ${await signed(NOW.repeat(2), who, 'HS512')}`, 'unknown'],
  ['no end', async () => `Bearer ${await signed(NOW, { user_id: 'ada', role: 'admin' })}`, 'unknown'],
  ['an unknown role', async () => `Bearer ${await signed(NOW, { ...who, role: 'root' })}`, 'unknown'],
  ['an end in the past', async () => `Bearer ${await signed(NOW, { ...who, exp: exp - 3_600 })}`, 'expired'],
  ['a token nobody gave', () => 'Bearer token-c', 'unknown'],
])('%s: %#', async (_name, header, why) => {
  expect(await door.identify(await header(), false)).toEqual({ known: false, why });
});

test('service tokens are known, join tokens only where they are good for something', async () => {
  expect(await door.identify('Bearer token-b', false)).toMatchObject({
    caller: { principal: { kind: 'service' } },
  });
  expect(await door.identify('Bearer abcdef', true)).toMatchObject({
    caller: { principal: { kind: 'join' } },
  });
  // A JWT that is not valid does not become a join token.
  const foreign = `Bearer ${await signed('x'.repeat(32), who)}`;
  expect(await door.identify(foreign, true)).toEqual({ known: false, why: 'unknown' });
});
