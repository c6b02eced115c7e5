import { resolve } from 'node:path';
import { newPrivateKey, readSigner, trustedKeyLine } from '@whoosh/backbeat-sdk/keys';
import { Secret } from '@whoosh/config';
import { expect, test } from 'vitest';
import { agentProcessEnvironment, problems } from './config.ts';

const world = { endpoint: 'http://127.0.0.1:8080', natsUrl: 'nats://127.0.0.1:4222', cluster: 'demo' };

test('an agent process is told whose frames to believe, by a path that holds where it runs, and no secret of ours', () => {
  const environment = agentProcessEnvironment(
    {
      BACKBEAT_KEYS_FILE: 'secrets/keys',
      BACKBEAT_REQUIRE_SIGNATURES: 'true',
      BACKBEAT_SIGNING_KEY: 'hunter2',
      WHOOSH_AUTH_JWT_SECRET: 'hunter2',
      WHOOSH_AGENT_VOUCHER_KEY: 'hunter2',
      WHOOSH_AGENT_VOUCHER_KEY_FILE: 'secrets/hunter2',
      NATS_PASSWORD_FILE: '',
    },
    world,
  );
  expect(environment).toEqual({
    BACKBEAT_KEYS_FILE: resolve('secrets/keys'),
    BACKBEAT_REQUIRE_SIGNATURES: 'true',
    WHOOSH_ENDPOINT: world.endpoint,
    CHORUS_BACKBEAT_NATS_URL: world.natsUrl,
    CHORUS_BACKBEAT_CLUSTER_ID: 'demo',
    BACKBEAT_ADMIN_PORT: '0',
  });
});

test('who requires signatures has to know a pulse', () => {
  const line = trustedKeyLine(readSigner('k1', newPrivateKey()), '@pulse');
  const signed = { BACKBEAT_REQUIRE_SIGNATURES: true };
  const ours = (env: Parameters<typeof problems>[0]) =>
    problems(env).filter((problem) => problem.startsWith('BACKBEAT_'));
  expect(ours(signed)).toEqual(['BACKBEAT_REQUIRE_SIGNATURES: BACKBEAT_KEYS must have a key of @pulse']);
  expect(ours({ ...signed, BACKBEAT_KEYS: line })).toEqual([]);
  expect(ours({ BACKBEAT_KEYS: 'k1 @pulse' })).toEqual([expect.stringMatching(/^BACKBEAT_KEYS: line 1/)]);
});

test('a key that vouches for agents is checked before any is started', () => {
  expect(problems({ WHOOSH_AGENT_VOUCHER_KEY: new Secret('hunter2') })).toContainEqual(
    expect.stringMatching(/^WHOOSH_AGENT_VOUCHER_KEY: must be a private key/),
  );
});
