import { parseArgs } from 'node:util';
import { SignJWT } from 'jose';
import * as z from 'zod';
import { ConfigError, duration, readEnv, secret } from '@whoosh/config';

/**
 * Prints a token for a person or a service: `node services/gateway/src/mint-token.ts --user ada --role admin`. Whoever can
 * read the secret can make tokens anyway; there is no route that gives one away.
 */
const Env = z.object({
  WHOOSH_AUTH_JWT_SECRET: secret({ lengthMin: 32 }),
  WHOOSH_AUTH_JWT_EXPIRY: duration('24h'),
});
const Wish = z.object({
  user: z.string().regex(/^[A-Za-z0-9_.:@-]{1,128}$/, 'must be 1 to 128 of A-Z a-z 0-9 _ . : @ -'),
  role: z.enum(['admin', 'user', 'agent', 'service']).default('user'),
});

try {
  const { values } = parseArgs({ options: { user: { type: 'string' }, role: { type: 'string' } } });
  const wish = Wish.safeParse(values);
  if (!wish.success)
    throw new ConfigError(wish.error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`));
  const env = readEnv(Env, process.env);
  const issuedAt = Math.floor(Date.now() / 1_000);
  const token = await new SignJWT({ user_id: wish.data.user, role: wish.data.role })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.floor(env.WHOOSH_AUTH_JWT_EXPIRY / 1_000))
    .sign(new TextEncoder().encode(env.WHOOSH_AUTH_JWT_SECRET.reveal()));
  process.stdout.write(`${token}\n`);
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}
