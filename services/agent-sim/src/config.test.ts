import { readFileSync } from 'node:fs';
import { newPrivateKey, readSigner, trustedKeyLine } from '@whoosh/backbeat-sdk/keys';
import { clusterName } from '@whoosh/config';
import { settingsReader } from '@whoosh/config/testing';
import { expect, test } from 'vitest';
import { Env, problems, signerOf } from './config.ts';

const { read, problemsOf } = settingsReader(Env, problems);

test.each([
  ['--agents 20000', { BACKBEAT_AGENTS: 20_000 }],
  ['--agents=1', { BACKBEAT_AGENTS: 1 }],
  ['--score my.yaml', { BACKBEAT_SCORE: 'my.yaml' }],
  ['--seed 7', { BACKBEAT_SEED: 7 }],
  ['--rate 0.25', { BACKBEAT_RATE: 0.25 }],
  ['--rate 0', { BACKBEAT_RATE: 0 }],
  ['--duration 5m', { BACKBEAT_DURATION: 300_000 }],
  ['--join-stagger 20ms', { BACKBEAT_JOIN_STAGGER: 20 }],
  ['--agent-prefix crowd:a', { BACKBEAT_AGENT_PREFIX: 'crowd:a' }],
  [
    '',
    {
      BACKBEAT_AGENTS: 10,
      BACKBEAT_SEED: 1,
      BACKBEAT_RATE: 1,
      BACKBEAT_DURATION: 0,
      BACKBEAT_JOIN_STAGGER: 0,
      BACKBEAT_AGENT_PREFIX: 'sim',
    },
  ],
])('"%s" is understood', (flags, expected) => {
  expect(read(flags)).toMatchObject(expected);
});

test('the cluster is the one that is named', () => {
  expect(clusterName(read('--cluster demo'))).toBe('demo');
});

test.each([
  ['--agents 0', /^--agents: .*1 to 20000/],
  ['--agents 20001', /^--agents: .*1 to 20000/],
  ['--agents many', /^--agents: /],
  ['--agents', /^--agents needs a value/],
  ['--seed x', /^--seed: /],
  ['--rate 1.5', /^--rate: /],
  ['--rate -1', /^--rate: |^--rate needs a value/],
  ['--duration soon', /^--duration: /],
  ['--join-stagger soon', /^--join-stagger: /],
  ['--agent-prefix a.b', /^--agent-prefix: /],
  ['--cluster a.b', /^--cluster: /],
  ['--sed 7', /^--sed is unknown, --seed is probably meant/],
  ['--seed 7 --seed 8', /^--seed is given twice/],
  ['play', /^argument 1 is not a flag/],
])('"%s" is refused by its flag', (flags, says) => {
  expect(problemsOf(flags).join('\n')).toMatch(says);
});

const pem = newPrivateKey();
const lineFor = (owner: string, name = 'sim') => trustedKeyLine(readSigner(name, pem), owner);
const solo = {
  CHORUS_AGENT_NAME: 'backend',
  CHORUS_AGENT_ID: 'agent-7',
  CHORUS_TASK_ID: '00000000-0000-4000-8000-000000000001',
  CHORUS_TEAM_ID: '00000000-0000-4000-8000-000000000002',
  WHOOSH_ENDPOINT: 'http://127.0.0.1:1',
  WHOOSH_AGENT_TOKEN: 'token',
};

test.each([
  ['a fleet', {}],
  ['one agent', solo],
])('%s: the address of the broker is refused by its name, and without what it holds', (_, source) => {
  const told = (url: string) => problemsOf('', { ...source, CHORUS_BACKBEAT_NATS_URL: url });
  expect(told('nats://broker:4222,tls://other:4223')).toEqual([]);
  expect(told('')).toEqual([]);
  expect(told('ws://broker:80')).toEqual([expect.stringMatching(/^CHORUS_BACKBEAT_NATS_URL: must be nats:/)]);
  expect(told('a:1,b:x')).toEqual([expect.stringMatching(/^CHORUS_BACKBEAT_NATS_URL: address 2 must be/)]);
  const [refusal] = told('nats://me:hunter2@broker:4222');
  expect(refusal).toMatch(/^CHORUS_BACKBEAT_NATS_URL: must not hold credentials/);
  expect(refusal).not.toContain('hunter2');
});

test.each([
  [{ ...solo, CHORUS_AGENT_ID: undefined }, ['CHORUS_AGENT_ID is required']],
  [{ ...solo, CHORUS_TASK_ID: undefined }, ['CHORUS_TASK_ID is required']],
  [{ ...solo, WHOOSH_ENDPOINT: undefined }, ['WHOOSH_ENDPOINT is required']],
  [{ ...solo, WHOOSH_AGENT_TOKEN: undefined }, ['WHOOSH_AGENT_TOKEN is required']],
  [
    { ...solo, CHORUS_TEAM_ID: undefined },
    ['exactly one of CHORUS_COUNCIL_ID and CHORUS_TEAM_ID is required'],
  ],
  [
    { ...solo, CHORUS_COUNCIL_ID: solo.CHORUS_TEAM_ID },
    ['exactly one of CHORUS_COUNCIL_ID and CHORUS_TEAM_ID is required'],
  ],
  [solo, []],
])('one agent needs what it works for: %j', (source, expected) => {
  expect(problemsOf('', source)).toEqual(expected);
});

test('a fleet signs under its prefix, one agent under its name, both under what they are told', () => {
  const signing = { BACKBEAT_SIGNING_KEY: pem };
  expect(signerOf(read(''))).toBeUndefined();
  expect(signerOf(read('', signing))?.keyName).toBe('sim');
  expect(signerOf(read('--agent-prefix crowd', signing))?.keyName).toBe('crowd');
  expect(signerOf(read('--signing-key-name k9', signing))?.keyName).toBe('k9');
  expect(signerOf(read('', { ...solo, ...signing }))?.keyName).toBe('agent-7');
});

test.each([
  ['a fleet with a key for all of it', '--agents 3', { BACKBEAT_KEYS: lineFor('sim-*') }, undefined],
  [
    'a fleet with the key of one agent',
    '--agents 3',
    { BACKBEAT_KEYS: lineFor('sim-0001') },
    /is a key of sim-0001, which is not sim-0002/,
  ],
  ['one agent with its own key', '', { ...solo, BACKBEAT_KEYS: lineFor('agent-7', 'agent-7') }, undefined],
  [
    'one agent with the key of another',
    '',
    { ...solo, BACKBEAT_KEYS: lineFor('agent-8', 'agent-7') },
    /is a key of agent-8, which is not agent-7/,
  ],
  [
    'no key of a pulse',
    '--require-signatures',
    { BACKBEAT_KEYS: lineFor('sim-*') },
    /must have a key of @pulse/,
  ],
  ['no PEM', '', { BACKBEAT_SIGNING_KEY: 'hunter2' }, /^BACKBEAT_SIGNING_KEY: must be a private key/],
])('keys: %s', (_, flags, source, says) => {
  const told = problemsOf(flags, { BACKBEAT_SIGNING_KEY: pem, ...source }).join('\n');
  if (says === undefined) expect(told).toBe('');
  else expect(told).toMatch(says);
  expect(told).not.toContain('hunter2');
});

test('every flag of a fleet is in the README', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const fleet = ['AGENTS', 'SCORE', 'SEED', 'RATE', 'DURATION', 'JOIN_STAGGER', 'AGENT_PREFIX'];
  fleet.push('SIGNING_KEY', 'SIGNING_KEY_NAME', 'KEYS', 'REQUIRE_SIGNATURES');
  for (const name of fleet) expect(Object.keys(Env.shape)).toContain(`BACKBEAT_${name}`);
  for (const name of fleet) expect(readme).toContain(`\`--${name.toLowerCase().replaceAll('_', '-')}\``);
});
