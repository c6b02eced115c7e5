import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClock } from './clock.ts';

const AHEAD_MS = 60_000;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'whoosh-clock-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const path = (): string => join(directory, 'hlc-bound');
const none = (problem: string): void => expect.unreachable(problem);

test('goes on above the bound that was kept, without a file left beside it', () => {
  const before = openClock(directory, 'n1', none).now();
  const kept = Number(readFileSync(path(), 'utf8'));
  expect(kept).toBeGreaterThan(before.wallMs);
  // As if the wall clock had gone back.
  writeFileSync(path(), String(kept + AHEAD_MS));
  expect(openClock(directory, 'n1', none).now().wallMs).toBeGreaterThanOrEqual(kept + AHEAD_MS);
  expect(readdirSync(directory)).toEqual(['hlc-bound']);
});

test('what a killed process left beside the file is of no account', () => {
  writeFileSync(`${path()}.new`, '');
  const kept = Number(readFileSync(path(), 'utf8'));
  expect(openClock(directory, 'n1', none).now().wallMs).toBeGreaterThanOrEqual(kept);
  expect(readdirSync(directory)).toEqual(['hlc-bound']);
});

test.each(['', ' ', 'abc', '12.5', '-5', '1e3', '9'.repeat(20)])('a file with "%s" in it is said', (text) => {
  writeFileSync(path(), text);
  const writtenAtMs = Date.now() + AHEAD_MS;
  utimesSync(path(), new Date(writtenAtMs), new Date(writtenAtMs));
  const problems: string[] = [];
  const clock = openClock(directory, 'n1', (problem) => problems.push(problem));
  expect(problems).toEqual([expect.stringMatching(/hlc-bound holds no bound of the clock/)]);
  expect(clock.now().wallMs).toBeGreaterThanOrEqual(writtenAtMs);
  openClock(directory, 'n1', none);
});
