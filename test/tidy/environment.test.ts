/** `.env.example`, the catalogue of names and what the code reads stay in step. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VARIABLE_NAMES } from '@whoosh/config';
import { ROOT, trackedFiles } from './repository.ts';

const NAME =
  /\b(?:WHOOSH|BACKBEAT)_[A-Z0-9_]*[A-Z0-9]\b|\bNATS_(?:URL|USER|PASSWORD)\b|\bLOG_LEVEL\b|\bENVIRONMENT\b/g;
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');

/** Names that stand as keys of an environment schema: at the beginning of a line, followed by a colon. */
function keysOf(name: string): string[] {
  return [
    ...read(name).matchAll(/^\s+((?:WHOOSH|BACKBEAT)_[A-Z0-9_]+|NATS_[A-Z]+|LOG_LEVEL|ENVIRONMENT):/gm),
  ].map(([, key = '']) => key);
}

const CODE = [
  ...trackedFiles().filter((name) => /^services\/[^/]+\/src\/config\.ts$/.test(name)),
  'packages/config/src/fragments.ts',
];
const inCode = new Set(CODE.flatMap(keysOf));
const inExample = new Set([...read('.env.example').matchAll(NAME)].map(([name]) => name));

test('every service has its schema looked at', () => {
  expect(CODE.length).toBe(9);
  expect(inCode.size).toBeGreaterThan(60);
});

test('.env.example names everything that is read', () => {
  expect([...inCode].filter((name) => !inExample.has(name))).toEqual([]);
});

test('.env.example names nothing that is not read', () => {
  const known = new Set([...inCode, ...VARIABLE_NAMES]);
  expect([...inExample].filter((name) => !known.has(name) && !known.has(name.replace(/_FILE$/, '')))).toEqual(
    [],
  );
});

test('the catalogue names nothing that no process reads, or a warning would stay away', () => {
  const isAdminPort = (name: string) => /^WHOOSH_(?:[A-Z]+_)?ADMIN_PORT$|^BACKBEAT_ADMIN_PORT$/.test(name);
  expect(VARIABLE_NAMES.filter((name) => !inCode.has(name) && !isAdminPort(name))).toEqual([]);
});

test('the catalogue behind "unknown variable" knows everything that is read', () => {
  expect(
    [...inCode].filter((name) => /^(WHOOSH|BACKBEAT)_/.test(name) && !VARIABLE_NAMES.includes(name)),
  ).toEqual([]);
});
