import { inspect } from 'node:util';
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import {
  databaseConfig,
  databaseEnv,
  databaseProblems,
  duration,
  environmentName,
  flag,
  integer,
  isDatabaseConfigured,
  isLogPretty,
  list,
  loggingEnv,
  logLevel,
  natsAddressProblems,
  natsEnv,
  natsProblems,
  natsServers,
  nearestName,
  port,
  readEnv,
  secret,
  unknownVariables,
  VARIABLE_NAMES,
  type EnvSource,
} from './index.ts';
import { problemsOf } from './testing/index.ts';

const Schema = z.object({
  PORT: port(8080),
  TOKEN: secret(),
  WAIT: duration('30s'),
  ON: flag(true),
  ORIGINS: list(),
  BACKBEAT_BAR_LENGTH: integer(8, { min: 1 }),
  BACKBEAT_CLUSTER: z.string().default('c'),
});
const files: Record<string, string> = {
  '/run/token': '\n s3cret\r\n',
  '/run/empty': '\n',
  '/run/origins': 'a\nb\n',
};
const readFile = (path: string) => {
  const text = files[path];
  if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  return text;
};
const read = (env: EnvSource, argv: string[] = []) => readEnv(Schema, env, { readFile, argv });

describe('readEnv', () => {
  test('gives every default, frozen', () => {
    const env = read({ TOKEN: 'a' });
    expect({ ...env, TOKEN: env.TOKEN.reveal() }).toEqual({
      PORT: 8080,
      TOKEN: 'a',
      WAIT: 30_000,
      ON: true,
      ORIGINS: [],
      BACKBEAT_BAR_LENGTH: 8,
      BACKBEAT_CLUSTER: 'c',
    });
    expect(Object.isFrozen(env)).toBe(true);
    expect(Object.isFrozen(env.ORIGINS)).toBe(true);
  });

  test('reads any variable from the file that _FILE names, trimmed', () => {
    const env = read({ TOKEN_FILE: '/run/token', ORIGINS_FILE: '/run/origins' });
    expect(env.TOKEN.reveal()).toBe('s3cret');
    expect(env.ORIGINS).toEqual(['a', 'b']);
  });

  test('takes an empty variable for one that is not set', () => {
    expect(read({ TOKEN: '', TOKEN_FILE: '/run/token', PORT: '' }).PORT).toBe(8080);
  });

  test('never prints a secret', () => {
    const env = read({ TOKEN: 's3cret' });
    expect(`${JSON.stringify(env)}${inspect(env)}${env.TOKEN.toString()}${String(env.TOKEN)}`).not.toContain(
      's3cret',
    );
  });

  test.each<{ name: string; env: EnvSource; problem: string }>([
    {
      name: 'both forms',
      env: { TOKEN: 'a', TOKEN_FILE: '/run/token' },
      problem: 'TOKEN and TOKEN_FILE are both set',
    },
    { name: 'an unreadable file', env: { TOKEN_FILE: '/no' }, problem: 'TOKEN_FILE cannot be read (ENOENT)' },
    { name: 'an empty file', env: { TOKEN_FILE: '/run/empty' }, problem: 'TOKEN_FILE names an empty file' },
    { name: 'a missing secret', env: {}, problem: 'TOKEN is required' },
    {
      name: 'a port in words',
      env: { TOKEN: 'a', PORT: 'http' },
      problem: 'PORT: must be a whole number from 0 to 65535',
    },
    {
      name: 'a port too high',
      env: { TOKEN: 'a', PORT: '70000' },
      problem: 'PORT: must be a whole number from 0 to 65535',
    },
    {
      name: 'a bare duration',
      env: { TOKEN: 'a', WAIT: '30' },
      problem: 'WAIT: must be a duration such as 250ms, 30s, 5m or 24h',
    },
    { name: 'a flag in between', env: { TOKEN: 'a', ON: 'maybe' }, problem: 'ON: must be true or false' },
  ])('refuses $name', ({ env, problem }) => {
    expect(problemsOf(() => read(env))).toEqual([problem]);
  });

  test('names every problem at once, and no value', () => {
    const act = () =>
      read({ PORT: 'hunter2', WAIT: 'hunter2', ORIGINS: 'x', ORIGINS_FILE: '/no' }, ['--nonsense']);
    expect(problemsOf(act).map((problem) => problem.split(/[ :]/, 1)[0])).toEqual([
      '--nonsense',
      'PORT',
      'TOKEN',
      'WAIT',
      'ORIGINS',
    ]);
    expect(act).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }));
  });

  test('adds what a check between variables finds to the rest', () => {
    const check = (env: { PORT?: number }) => (env.PORT === 1 ? ['PORT 1 is nobody'] : []);
    expect(problemsOf(() => readEnv(Schema, { PORT: '1' }, { check }))).toEqual([
      'TOKEN is required',
      'PORT 1 is nobody',
    ]);
  });

  test('keeps the rules that a schema states between its members', () => {
    const Ordered = z
      .object({ A: integer(1), B: integer(2) })
      .refine((env) => env.A < env.B, 'A must be below B');
    expect(readEnv(Ordered, {})).toEqual({ A: 1, B: 2 });
    expect(problemsOf(() => readEnv(Ordered, { A: '3' }))).toEqual(['configuration: A must be below B']);
  });
});

describe('flags', () => {
  const env = { TOKEN: 'a', BACKBEAT_BAR_LENGTH: '16' };

  test.each([
    [['--bar-length', '4', '--cluster', 'x'], 4, 'x'],
    [['--bar-length=4', '--cluster=x=y'], 4, 'x=y'],
    [['-bar-length', '4', '-cluster=x'], 4, 'x'],
    [[], 16, 'c'],
  ])('%j wins over the variable', (argv, bars, cluster) => {
    expect(read(env, argv)).toMatchObject({ BACKBEAT_BAR_LENGTH: bars, BACKBEAT_CLUSTER: cluster });
  });

  test.each([
    [['--nonsense', '4'], '--nonsense is unknown; known are --bar-length --cluster'],
    [['--port', '4'], '--port is unknown; known are --bar-length --cluster'],
    [
      ['--clutser', 'x'],
      '--clutser is unknown, --cluster is probably meant; known are --bar-length --cluster',
    ],
    [['--cluster'], '--cluster needs a value: --cluster <value>'],
    [['--cluster', '--bar-length', '4'], '--cluster needs a value: --cluster <value>'],
    [['--cluster='], '--cluster needs a value: --cluster <value>'],
    [['loose'], 'argument 1 is not a flag; flags look like --name value'],
    [['--cluster', 'a', '-cluster', 'b'], '--cluster is given twice'],
    [['--bar-length', '-4'], '--bar-length: must be a whole number, at least 1'],
  ])('refuses %j', (argv, problem) => {
    expect(problemsOf(() => read(env, argv))).toEqual([problem]);
  });

  test('may name a file with the value, which wins over the variable', () => {
    const readFile = (path: string) => (path === '/run/node' ? 'from-file\n' : expect.unreachable(path));
    const Node = z.object({ BACKBEAT_NODE: z.string() });
    const source = { BACKBEAT_NODE: 'from-variable' };
    expect(readEnv(Node, source, { argv: ['--node-file', '/run/node'], readFile })).toEqual({
      BACKBEAT_NODE: 'from-file',
    });
    expect(
      problemsOf(() => readEnv(Node, {}, { argv: ['--node=a', '--node-file=/run/node'], readFile })),
    ).toEqual(['--node and --node-file are both set']);
  });

  test('without a value mean true', () => {
    const Quiet = z.object({ BACKBEAT_QUIET: flag(false), BACKBEAT_NODE: z.string().default('n') });
    expect(readEnv(Quiet, {}, { argv: ['--quiet', '--node', 'm'] })).toEqual({
      BACKBEAT_QUIET: true,
      BACKBEAT_NODE: 'm',
    });
  });
});

describe('unknownVariables', () => {
  test('names what nobody reads, with the nearest known name', () => {
    const source = {
      WHOOSH_GITEA_TOKNE: 'x',
      WHOOSH_GITEA_TOKEN_FILE: 'x',
      WHOOSH_ZZZZZZZZZZZZ: 'x',
      PATH: 'x',
      BACKBEAT_NODE: 'x',
    };
    expect(unknownVariables(VARIABLE_NAMES, source)).toEqual([
      { name: 'WHOOSH_GITEA_TOKNE', nearest: 'WHOOSH_GITEA_TOKEN' },
      { name: 'WHOOSH_ZZZZZZZZZZZZ' },
    ]);
  });

  test('a name of other installations is no misspelling of one of ours', () => {
    const source = { WHOOSH_DOCKER_HOST: 'x', WHOOSH_N8N_BASE_URL_FILE: 'x' };
    expect(unknownVariables(VARIABLE_NAMES, source)).toEqual([
      { name: 'WHOOSH_DOCKER_HOST' },
      { name: 'WHOOSH_N8N_BASE_URL_FILE' },
    ]);
  });

  test('a swap of neighbours is nearer than two changes', () => {
    expect(nearestName('CLUTSER', ['CLUTTED', 'CLUSTER'])).toBe('CLUSTER');
  });
});

describe('the specific variable wins', () => {
  const nats = (env: EnvSource, argv: string[] = []) =>
    natsServers(readEnv(z.object(natsEnv), env, { argv }));
  const logging = (env: EnvSource) => readEnv(z.object(loggingEnv), env);

  test.each<[string, EnvSource, string[], string]>([
    ['nothing', {}, [], 'nats://backbeat-nats:4222'],
    ['NATS_URL', { NATS_URL: 'a' }, [], 'a'],
    ['WHOOSH_BACKBEAT_NATS_URL', { NATS_URL: 'a', WHOOSH_BACKBEAT_NATS_URL: 'b' }, [], 'b'],
    ['--nats', { NATS_URL: 'a', WHOOSH_BACKBEAT_NATS_URL: 'b' }, ['-nats=c'], 'c'],
  ])('for the broker: %s', (_name, env, argv, expected) => {
    expect(nats(env, argv)).toBe(expected);
  });

  test('for the level and the environment', () => {
    expect(logLevel(logging({ LOG_LEVEL: 'warn', WHOOSH_LOGGING_LEVEL: 'debug' }))).toBe('debug');
    expect(logLevel(logging({}))).toBe('info');
    expect(environmentName(logging({ ENVIRONMENT: 'development', BACKBEAT_ENV: 'test' }))).toBe('test');
    expect(isLogPretty(logging({ ENVIRONMENT: 'development' }))).toBe(true);
    expect(
      isLogPretty(logging({ ENVIRONMENT: 'development', WHOOSH_LOGGING_ENVIRONMENT: 'production' })),
    ).toBe(false);
  });
});

describe('natsProblems', () => {
  const problems = (env: EnvSource, argv: string[] = []) =>
    problemsOf(() => readEnv(z.object(natsEnv), env, { argv, check: natsProblems }));
  const SHAPE = 'must be nats://host:port, with a port from 1 to 65535';
  const NO_CREDENTIALS =
    'must not hold credentials: they go into NATS_USER and NATS_PASSWORD (or NATS_PASSWORD_FILE)';

  test.each<[string, EnvSource, string[], string[]]>([
    ['a port too high', { NATS_URL: 'nats://host:99999' }, [], [`NATS_URL: ${SHAPE}`]],
    ['port 0', { NATS_URL: 'host:0' }, [], [`NATS_URL: ${SHAPE}`]],
    [
      'a blank for a colon',
      { WHOOSH_BACKBEAT_NATS_URL: 'localhost 4222' },
      [],
      [`WHOOSH_BACKBEAT_NATS_URL: ${SHAPE}`],
    ],
    ['no host', { NATS_URL: 'nats://' }, [], [`NATS_URL: ${SHAPE}`]],
    ['another scheme', { NATS_URL: 'ws://host:80' }, [], [`NATS_URL: ${SHAPE}`]],
    ['an address of other figures', { NATS_URL: '[::::]:4222' }, [], [`NATS_URL: ${SHAPE}`]],
    ['a broken escape', { NATS_URL: 'nats://ho%st:4222' }, [], [`NATS_URL: ${SHAPE}`]],
    ['one of several', { NATS_URL: 'a:1,b:x, c:2' }, [], [`NATS_URL: address 2 ${SHAPE}`]],
    ['a flag', {}, ['--nats', 'nats://host:99999'], [`--nats: ${SHAPE}`]],
    ['user and password', { NATS_URL: 'nats://me:hunter2@host:4222' }, [], [`NATS_URL: ${NO_CREDENTIALS}`]],
    ['a token, by flag', {}, ['--nats=hunter2@host:4222'], [`--nats: ${NO_CREDENTIALS}`]],
    [
      'a user alone',
      { NATS_USER: 'me' },
      [],
      ['NATS_USER is set without NATS_PASSWORD (or NATS_PASSWORD_FILE)'],
    ],
    ['a password alone', { NATS_PASSWORD: 'hunter2' }, [], ['NATS_PASSWORD is set without NATS_USER']],
  ])('refuses %s', (_name, env, argv, expected) => {
    const found = problems(env, argv);
    expect(found).toEqual(expected);
    expect(found.join()).not.toContain('hunter2');
  });

  test.each([
    {},
    { NATS_URL: 'nats://a:4222,tls://b.example:4223/, c' },
    { NATS_URL: '127.0.0.1:80,[::1]:4222,[::ffff:10.0.0.1],backbeat_nats:1' },
    { NATS_USER: 'me', NATS_PASSWORD: 'p@ss:w,rd' },
    // Only what is used is judged.
    { NATS_URL: 'nonsense here', WHOOSH_BACKBEAT_NATS_URL: 'nats://a:4222' },
  ])('takes %j', (env) => {
    expect(problems(env)).toEqual([]);
  });

  test('judges the variables of others by the same rule', () => {
    expect(natsAddressProblems('OTHER_URL', undefined)).toEqual([]);
    expect(natsAddressProblems('OTHER_URL', 'a:b')).toEqual([`OTHER_URL: ${SHAPE}`]);
  });
});

describe('databaseConfig', () => {
  const config = (env: EnvSource) => databaseConfig(readEnv(z.object(databaseEnv), env));

  test('builds the address from its parts, escaped', () => {
    const { url, maxConns, lifetimeMs, idleTimeMs } = config({
      WHOOSH_DATABASE_HOST: 'db.internal',
      WHOOSH_DATABASE_PASSWORD: 'p@ss/w:rd?%#',
      WHOOSH_DATABASE_DB_NAME: 'my db',
    });
    const parsed = new URL(url.reveal());
    expect(decodeURIComponent(parsed.password)).toBe('p@ss/w:rd?%#');
    expect([parsed.host, parsed.username, parsed.pathname]).toEqual([
      'db.internal:5432',
      'whoosh',
      '/my%20db',
    ]);
    expect({ maxConns, lifetimeMs, idleTimeMs }).toEqual({
      maxConns: 25,
      lifetimeMs: 3_600_000,
      idleTimeMs: 1_800_000,
    });
  });

  test('the URL replaces the parts', () => {
    expect(config({ WHOOSH_DATABASE_URL: 'postgres://x/y', WHOOSH_DATABASE_HOST: 'z' }).url.reveal()).toBe(
      'postgres://x/y',
    );
  });

  test('a service with tables refuses to start without one', () => {
    expect(databaseProblems(readEnv(z.object(databaseEnv), {}))).toHaveLength(1);
    expect(databaseProblems(readEnv(z.object(databaseEnv), { WHOOSH_DATABASE_PASSWORD: 'x' }))).toEqual([]);
  });

  test.each([
    [{}, false],
    [{ WHOOSH_DATABASE_USERNAME: 'x', WHOOSH_DATABASE_PORT: '5433' }, false],
    [{ WHOOSH_DATABASE_PASSWORD: 'x' }, true],
    [{ WHOOSH_DATABASE_HOST: 'db' }, true],
    [{ WHOOSH_DATABASE_HOST: '/run/postgresql' }, true],
    [{ WHOOSH_DATABASE_URL: 'postgres://x/y' }, true],
  ])('knows from %j whether a database is meant', (env, isMeant) => {
    expect(isDatabaseConfigured(readEnv(z.object(databaseEnv), env))).toBe(isMeant);
  });

  test('is on this machine when only its password is given', () => {
    expect(new URL(config({ WHOOSH_DATABASE_PASSWORD: 'x' }).url.reveal()).hostname).toBe('localhost');
  });
});
