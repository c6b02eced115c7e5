import { readdirSync, readFileSync } from 'node:fs';
import { ConfigError } from '@whoosh/config';
import { expect, test } from 'vitest';
import { scoreKeys } from './domain/score.ts';
import { parseScore } from './score-file.ts';

const FOLDER = new URL('../scores/', import.meta.url);
const DEFAULT = readFileSync(new URL('default.yaml', FOLDER), 'utf8');

function complaints(text: string): readonly string[] {
  try {
    parseScore(text, 'my.yaml');
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems;
    throw cause;
  }
  return [];
}

/** The default score with one line replaced, and the number of that line. */
function changed(line: RegExp, to: string): { text: string; at: number } {
  const lines = DEFAULT.split('\n');
  const index = lines.findIndex((each) => line.test(each));
  expect(index).toBeGreaterThanOrEqual(0);
  lines.splice(index, 1, ...(to === '' ? [] : [to]));
  return { text: lines.join('\n'), at: index + 1 };
}

test.each([
  [
    'no number',
    /^ {2}broken:/,
    '  broken: often',
    3,
    'promises.broken is "often"; right would be a share between 0 and 1',
  ],
  [
    'a share above 1',
    /^ {2}failed:/,
    '  failed: 5',
    3,
    'task.failed is 5; right would be a share between 0 and 1',
  ],
  [
    'a slip of the pen',
    /^ {2}planning_beats:/,
    '  planing_beats: [1, 3]',
    3,
    'task.planing_beats is not a key of a score; right would be planning_beats',
  ],
  [
    'an unknown section',
    /^name:/,
    'name: x\norchestra: {}',
    0,
    'orchestra is not a key of a score; right would be one of name, task, help, promises, claims, silence',
  ],
  [
    'beats the wrong way round',
    /^ {2}slip_beats:/,
    '  slip_beats: [4, 1]',
    3,
    'promises.slip_beats is [4,1]: the first number may not be larger than the second',
  ],
  [
    'one number for beats',
    /^ {2}idle_beats:/,
    '  idle_beats: 3',
    3,
    'task.idle_beats is 3; right would be least and most beats, such as [0, 3], each 0 … 1000',
  ],
  [
    'half a beat',
    /^ {2}reviewing_beats:/,
    '  reviewing_beats: [0.5, 1]',
    3,
    'task.reviewing_beats is [0.5,1]; right would be least and most beats',
  ],
  [
    'no beats of planning',
    /^ {2}planning_beats:/,
    '  planning_beats: [0, 0]',
    3,
    'task.planning_beats is [0,0]; right would be least and most beats, such as [1, 3], each 1 … 1000',
  ],
  ['a name of nothing', /^name:/, 'name: ""', 1, 'name is ""; right would be a name of 1 … 64 characters'],
  ['more misbehaviour than StatusClaims', /^ {2}silent:/, '  silent: 0.999', 0, 'claims is {'],
])('a score with %s is refused by key, place and remedy', (_name, line, to, column, message) => {
  const { text, at } = changed(line, to);
  const said = complaints(text).join('\n');
  expect(said).toContain(message);
  if (column > 0) expect(said).toContain(`my.yaml:${at}:${column}: `);
});

test('a key that is missing is named, beside the section that lacks it', () => {
  const { text } = changed(/^ {2}blocked:/, '');
  const section = text.split('\n').findIndex((line) => line === 'task:') + 1;
  expect(complaints(text)).toEqual([
    `my.yaml:${section}:1: task.blocked is missing; right would be a share between 0 and 1, such as 0.1`,
  ]);
});

test('every problem is told at once, the missing half of another included', () => {
  const said = complaints('name: half\ntask:\n  failed: 0.1\nhelp:\n  share: 2\n');
  expect(said.filter((line) => line.includes('is missing')).length).toBeGreaterThan(5);
  expect(said).toContain('my.yaml:5:3: help.share is 2; right would be a share between 0 and 1, such as 0.1');
});

test.each([
  ['nothing', '', 'my.yaml:1:1: the score is no list of keys; right would be the sections name, task, help'],
  ['a list', '- 1\n- 2\n', 'my.yaml:1:1: the score is no list of keys'],
  ['the same key twice', `${DEFAULT}\nname: again\n`, 'no YAML: Map keys must be unique'],
  ['an open bracket', 'name: x\ntask: [1, 2\n', 'no YAML: '],
])('a file with %s is refused', (_name, text, message) => {
  expect(complaints(text).join('\n')).toContain(message);
});

test.each(readdirSync(FOLDER))('the example %s can be played', (file) => {
  expect(parseScore(readFileSync(new URL(file, FOLDER), 'utf8'), file).name).not.toBe('');
});

test('every key is in the README, and every example', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  for (const { path } of scoreKeys()) expect(readme).toContain(`\`${path.join('.')}\``);
  for (const file of readdirSync(FOLDER)) expect(readme).toContain(`\`${file}\``);
});
