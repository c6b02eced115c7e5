import { expect, test } from 'vitest';
import { DevSettingsError, readDevSettings } from './dev-settings.ts';

test.each([{}, { WHOOSH_SERVER_LISTEN_ADDR: '', NATS_URL: '', DEV_PULSES: '' }])(
  'nothing given: everything is started here',
  (env) => {
    const settings = readDevSettings(env);
    expect(settings.external).toEqual({ nats: undefined, database: false, gitea: undefined });
    expect(settings).toMatchObject({
      gatewayHost: '127.0.0.1',
      gatewayPort: 8080,
      pulses: 3,
      agents: 8,
      tempoBpm: 120,
      barLength: 4,
    });
  },
);

test('what is given replaces the part we would start', () => {
  const env = {
    NATS_URL: 'nats://elsewhere:4222',
    WHOOSH_DATABASE_URL_FILE: '/run/secrets/database',
    WHOOSH_GITEA_BASE_URL: 'https://git.example',
    WHOOSH_GITEA_TOKEN_FILE: '/run/secrets/gitea',
    WHOOSH_SERVER_LISTEN_ADDR: ':9090',
  };
  const settings = readDevSettings(env);
  expect(settings.external).toEqual({
    nats: 'nats://elsewhere:4222',
    database: true,
    gitea: 'https://git.example',
  });
  expect(settings).toMatchObject({ gatewayHost: '127.0.0.1', gatewayPort: 9090 });
});

test('all problems are told at once, by name', () => {
  const env = {
    DEV_PULSES: 'three',
    DEV_AGENTS: '-1',
    WHOOSH_SERVER_LISTEN_ADDR: 'here',
    WHOOSH_GITEA_BASE_URL: 'https://git.example',
  };
  expect(() => readDevSettings(env)).toThrow(DevSettingsError);
  expect(() => readDevSettings(env)).toThrow(
    /WHOOSH_SERVER_LISTEN_ADDR.*DEV_PULSES.*DEV_AGENTS.*WHOOSH_GITEA_TOKEN/s,
  );
});
