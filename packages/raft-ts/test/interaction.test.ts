import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rewriteScenario } from './scenarios/compare.ts';

const folder = join(import.meta.dirname, '../testdata');
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));

// `UPDATE=1` writes what the cluster does now into the files; the diff is to be read like code.
test.each(names)('%s', (name) => {
  const path = join(folder, name);
  const actual = rewriteScenario(readFileSync(path, 'utf8'));
  if (process.env['UPDATE'] === '1') writeFileSync(path, actual);
  expect(actual).toBe(readFileSync(path, 'utf8'));
});
