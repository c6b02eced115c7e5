import express from 'express';
import { describe, expect, test } from 'vitest';
import { ConfigError, readEnv } from '@whoosh/config';
import { Env } from './config.ts';

const GOOD = {
  WHOOSH_AUTH_JWT_SECRET: 'a-secret-of-at-least-32-characters!',
  WHOOSH_AUTH_SERVICE_TOKENS: 'first-token,second~token+/=',
};

function problems(env: Record<string, string>): readonly string[] {
  try {
    readEnv(Env, { ...GOOD, ...env });
    return [];
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems;
    throw cause;
  }
}

describe('a service token that could never come in is a mistake of the configuration', () => {
  test.each([
    ['WHOOSH_AUTH_SERVICE_TOKENS', 'hunter2 with spaces', 'token 1 of 1'],
    ['WHOOSH_AUTH_SERVICE_TOKENS', 'fine,hünter2', 'token 2 of 2'],
    ['WHOOSH_AUTH_SERVICE_TOKENS', 'hunter2.b.c', 'JWT'],
    ['WHOOSH_AUTH_SERVICE_TOKENS_PREVIOUS', 'hunter2.b.', 'JWT'],
    ['WHOOSH_AUTH_SERVICE_TOKENS', `hunter2${'x'.repeat(8_192)}`, 'longer'],
  ])('%s=%s', (name, value, why) => {
    const said = problems({ [name]: value });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(name);
    expect(said[0]).toContain(why);
    expect(said[0]).not.toContain('nter2');
  });

  test('and no other is', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ WHOOSH_AUTH_SERVICE_TOKENS: 'a.b,a.b.c.d' })).toEqual([]);
  });
});

describe('trusted proxies', () => {
  test.each(['10.0.0.0/8', '127.0.0.1, ::1', 'loopback,fd00::/8', '::ffff:10.0.0.1'])('%s', (value) => {
    expect(problems({ WHOOSH_SERVER_TRUSTED_PROXIES: value })).toEqual([]);
    // What passes here must not stop the server later.
    const { WHOOSH_SERVER_TRUSTED_PROXIES: all } = readEnv(Env, {
      ...GOOD,
      WHOOSH_SERVER_TRUSTED_PROXIES: value,
    });
    expect(() => express().set('trust proxy', [...all])).not.toThrow();
  });

  test.each(['proxy.example.com', '10.0.0.0/33', '300.1.1.1', '10.0.0.1,true', '0.0.0.0/0', '::/0'])(
    '%s is refused by the name of the variable',
    (value) => {
      const said = problems({ WHOOSH_SERVER_TRUSTED_PROXIES: value });
      expect(said).toHaveLength(1);
      expect(said[0]).toContain('WHOOSH_SERVER_TRUSTED_PROXIES');
    },
  );
});
