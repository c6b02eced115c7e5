import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

test('the example of the README runs as it stands there', () => {
  const readme = readFileSync(`${PACKAGE}README.md`, 'utf8');
  const [, code = ''] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '-e', code],
    { cwd: PACKAGE, encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);
  const [full, wire, verdict] = stdout.trim().split('\n');
  expect(full).toMatch(/^[0-9a-f]{12}:[0-9a-f]{4}:[0-9a-f]{4}$/);
  expect(wire).toMatch(/^[0-9a-f]{4}:[0-9a-f]{4}:[0-9a-f]{4}$/);
  expect(verdict).toMatch(/^ahead by 3600000|^ahead by 3599\d\d\d/);
});
