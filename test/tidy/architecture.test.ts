/** docs/ARCHITECTURE.md leads from each arrow of the main job to the file with its rule. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './repository.ts';

const ARROWS = 11;
const text = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8');
const rows = text.split('\n').filter((line) => /^\| \d+ \|/.test(line));

test('every arrow of the main job is there, in order', () => {
  expect(rows.map((row) => Number(row.split('|')[1]))).toEqual(
    Array.from({ length: ARROWS }, (_, index) => index + 1),
  );
});

test.each(rows.map((row) => [row.split('|')[2]?.trim() ?? '', row]))(
  '%s leads to code that exists, a rule among it',
  (_, row) => {
    const targets = [...row.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) =>
      resolve(ROOT, 'docs', target),
    );
    expect(targets.length).toBeGreaterThan(0);
    expect(targets.filter((target) => !existsSync(target))).toEqual([]);
    expect(targets.some((target) => target.includes('/domain/'))).toBe(true);
  },
);
