import { expect, test } from 'vitest';
import { readDevSettings } from './dev-settings.ts';
import { serviceStages } from './process-table.ts';
import { type DevSecrets } from './secrets.ts';

const names = [
  'jwt_secret',
  'service_token',
  'webhook_token',
  'database_password',
  'backbeat_admin_token',
  'raft_secret',
  'gitea_token',
  'gitea_dev_token',
];
const secrets = Object.fromEntries(
  names.map((name) => [name, { file: `/secrets/${name}`, value: `value of ${name}` }]),
) as unknown as DevSecrets;
const addresses = {
  nats: 'nats://127.0.0.1:1',
  databaseUrl: 'postgres://here/whoosh',
  gitea: 'http://127.0.0.1:2',
  gatewayPort: 3,
  raftPorts: [4, 5, 6],
};

function envOf(name: string, env: Record<string, string> = {}): Readonly<Record<string, string | undefined>> {
  const stages = serviceStages(readDevSettings(env), secrets, addresses);
  return (
    Object.values(stages)
      .flat()
      .find((spec) => spec.name === name)?.env ?? {}
  );
}

test('secrets are given by file, never by value', () => {
  const stages = serviceStages(readDevSettings({}), secrets, addresses);
  for (const spec of Object.values(stages).flat()) {
    expect(JSON.stringify([spec.env, spec.args])).not.toContain('value of');
  }
  expect(envOf('gateway')['WHOOSH_AUTH_JWT_SECRET_FILE']).toBe('/secrets/jwt_secret');
});

test('what the user names wins, and its file twin is not set beside it', () => {
  const env = envOf('monitor', {
    WHOOSH_GITEA_BASE_URL: 'https://git.example',
    WHOOSH_GITEA_TOKEN: 'mine',
    LOG_LEVEL: 'debug',
  });
  expect(env).toMatchObject({
    WHOOSH_GITEA_BASE_URL: 'https://git.example',
    WHOOSH_GITEA_TOKEN: 'mine',
    LOG_LEVEL: 'debug',
  });
  expect(env).not.toHaveProperty('WHOOSH_GITEA_TOKEN_FILE');
});

test('an own database is never joined by the address of the embedded one', () => {
  const stages = serviceStages(readDevSettings({ WHOOSH_DATABASE_HOST: 'db' }), secrets, {
    ...addresses,
    databaseUrl: undefined,
  });
  for (const spec of Object.values(stages).flat()) expect(spec.env).not.toHaveProperty('WHOOSH_DATABASE_URL');
});

test('no two processes are given the same admin port, whatever the environment says', () => {
  expect(envOf('pulse-2', { BACKBEAT_ADMIN_PORT: '8081' })['BACKBEAT_ADMIN_PORT']).toBe('0');
  expect(envOf('council')['WHOOSH_COUNCIL_ADMIN_PORT']).toBe('0');
});

test('every pulse knows all pulses, itself included', () => {
  const { beat } = serviceStages(readDevSettings({ DEV_PULSES: '3' }), secrets, addresses);
  const pulses = beat.filter(({ name }) => name.startsWith('pulse'));
  expect(pulses).toHaveLength(3);
  for (const { args = [] } of pulses) {
    expect(args[args.indexOf('--raft-peers') + 1]).toBe(
      'pulse-1@127.0.0.1:4,pulse-2@127.0.0.1:5,pulse-3@127.0.0.1:6',
    );
  }
});
