import { readFileSync } from 'node:fs';
import { clusterName, ConfigError, readEnv } from '@whoosh/config';
import { expect, test } from 'vitest';
import { Env, problems } from './config.ts';

const read = (flags: string) => readEnv(Env, {}, { argv: flags.split(' ').filter(Boolean), check: problems });

function problemsOf(flags: string): readonly string[] {
  try {
    read(flags);
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems;
    throw cause;
  }
  return [];
}

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

test('every flag of a fleet is in the README', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const fleet = ['AGENTS', 'SCORE', 'SEED', 'RATE', 'DURATION', 'JOIN_STAGGER', 'AGENT_PREFIX'];
  for (const name of fleet) expect(Object.keys(Env.shape)).toContain(`BACKBEAT_${name}`);
  for (const name of fleet) expect(readme).toContain(`\`--${name.toLowerCase().replaceAll('_', '-')}\``);
});
