import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../src/main.ts');

/** Runs reverb until it ends by itself. */
async function run(...flags: string[]): Promise<{ code: number | null; said: string[] }> {
  const child = spawn(process.execPath, [MAIN, ...flags], {
    env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'silent', WHOOSH_OPENTELEMETRY_ENABLED: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said: said.trimEnd().split('\n') };
}

test('flags that are wrong end the process with 1 and a line for each', async () => {
  const { code, said } = await run('--bar-length', '0', '--admin-port', '65536', '--log-level', 'loud');
  expect(code).toBe(1);
  for (const flag of ['--bar-length', '--admin-port', '--log-level'])
    expect(said.filter((line) => line.includes(`${flag}: `))).toHaveLength(1);
  expect(said.join()).not.toMatch(/\bat .*\.ts:/);
});

test('a port that is taken ends it with 1 and one line that names the port', async () => {
  await using server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const { code, said } = await run('--admin-port', String(port));
  expect(code).toBe(1);
  expect(said.filter((line) => line.includes(`port ${port} of`))).toHaveLength(1);
  expect(said.join()).toMatch(/is taken by another process/);
  expect(said.join()).not.toMatch(/\bat .*\.ts:/);
});
