import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MUTANTS } from './catalogue.ts';

test('every mutant has a name of its own and still applies to the source', () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  for (const { name, file, from, to } of MUTANTS) {
    const source = readFileSync(join(import.meta.dirname, '../../src', file), 'utf8');
    expect({ name, places: source.split(from).length - 1 }).toEqual({ name, places: 1 });
    expect(to).not.toBe(from);
  }
});
