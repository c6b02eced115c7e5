import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BoundedLog } from './bounded-log.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'whoosh-log-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a new run begins a new file and keeps that of the run before', () => {
  const path = join(directory, 'some', 'a.log');
  const first = new BoundedLog(path);
  first.write(Buffer.from('first run\n'));
  first.close();
  const second = new BoundedLog(path);
  second.write(Buffer.from('second run\n'));
  second.close();
  expect(readFileSync(path, 'utf8')).toBe('second run\n');
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('first run\n');
});

test('never more than two files of the given size, with the newest lines', () => {
  const path = join(directory, 'a.log');
  const log = new BoundedLog(path, 100);
  for (let line = 0; line < 50; line++) log.write(Buffer.from(`line ${line}\n`));
  log.close();
  const [current, older] = [readFileSync(path, 'utf8'), readFileSync(`${path}.1`, 'utf8')];
  expect(current.length).toBeLessThanOrEqual(100);
  expect(older.length).toBeLessThanOrEqual(100);
  expect((older + current).trimEnd().split('\n').at(-1)).toBe('line 49');
  expect(log.tail(2)).toBe('line 48\nline 49');
});
