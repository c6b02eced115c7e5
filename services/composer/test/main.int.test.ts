import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectBus } from '@whoosh/bus';
import { teams } from '@whoosh/contracts';
import { newRegistry } from '@whoosh/telemetry';
import { cloneDatabase, quietLog, startNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

test('the process starts, answers, is scraped, and ends with code 0', async () => {
  await using resources = new AsyncDisposableStack();
  const database = resources.use(await cloneDatabase());
  const nats = resources.use(await startNats());
  const directory = await mkdtemp(join(tmpdir(), 'composer-'));
  resources.defer(() => rm(directory, { recursive: true }));
  const portsFile = join(directory, 'admin.json');
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env['PATH'],
      NATS_URL: nats.url,
      WHOOSH_DATABASE_URL: database.url,
      WHOOSH_DATABASE_AUTO_MIGRATE: 'false',
      WHOOSH_COMPOSER_ADMIN_PORT: '0',
      WHOOSH_ADMIN_PORTS_FILE: portsFile,
      WHOOSH_OPENTELEMETRY_ENABLED: 'false',
    },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  resources.defer(() => void child.kill('SIGKILL'));
  const admin = await until(async () => JSON.parse(await readFile(portsFile, 'utf8')) as { url: string }, {
    timeoutMs: 30_000,
  });
  await until(async () => (await fetch(`${admin.url}/ready`)).ok, { timeoutMs: 30_000 });
  const bus = resources.use(
    await connectBus({
      servers: nats.url,
      service: 'test',
      profile: 'agent',
      log: quietLog(),
      registry: newRegistry('test'),
    }),
  );
  expect(await bus.call(teams.listTeams, { limit: 10 })).toEqual({ items: [], next_cursor: null });
  const metrics = await (await fetch(`${admin.url}/metrics`)).text();
  expect(metrics).toContain('whoosh_composer_states_total{status="completed"');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});
