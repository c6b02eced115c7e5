import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';
import { connectBus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog, startNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const CLUSTER = 'fleet-test';

function startFleetProcess(natsUrl: string, ...flags: string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, '--cluster', CLUSTER, '--nats', natsUrl, ...flags], {
    env: {
      PATH: process.env['PATH'],
      BACKBEAT_ADMIN_PORT: '0',
      LOG_LEVEL: 'warn',
      WHOOSH_OPENTELEMETRY_ENABLED: 'false',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

test('a fleet claims on every beat, misbehaves as its score says, and ends when told to', async () => {
  await using nats = await startNats();
  await using bus = await connectBus({
    servers: nats.url,
    service: 'test',
    profile: 'beat',
    log: quietLog(),
    registry: newRegistry('test'),
  });
  await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS']);
  const valid = new Map<string, number>();
  const copies = new Map<string, number>();
  const broken: string[] = [];
  bus.connection.subscribe(backbeat.claims.subject.at({ cluster: CLUSTER, agent: 'x' }).replace(/x$/, '*'), {
    callback: (_failure, message) => {
      const agent = message.subject.split('.').at(-1) ?? '';
      const read = backbeat.StatusClaim.safeParse(message.json());
      if (!read.success || read.data.agent_id !== agent) {
        broken.push(message.string());
        return;
      }
      valid.set(agent, (valid.get(agent) ?? 0) + 1);
      const key = message.string();
      copies.set(key, (copies.get(key) ?? 0) + 1);
    },
  });
  await bus.flush();
  using pulse = new TestPulse({ connection: bus.connection, clusterId: CLUSTER, tempoBpm: 600 });
  pulse.start();

  const fleet = startFleetProcess(nats.url, '--agents', '40', '--seed', '7', '--score', scoreOf('restless'));
  const exited = once(fleet, 'exit');
  try {
    await until(() => valid.size === 40 && [...valid.values()].every((claims) => claims >= 5), {
      timeoutMs: 30_000,
      describe: 'five valid claims of each agent',
    });
    await until(() => broken.length > 0 && [...copies.values()].some((times) => times === 2), {
      timeoutMs: 20_000,
      describe: 'a lie and a claim sent twice',
    });
    const { state } = await bus.jsm.streams.info('BACKBEAT_CLAIMS');
    expect(state.messages).toBeGreaterThan(200);
  } finally {
    fleet.kill('SIGTERM');
  }
  expect(await exited).toEqual([0, null]);
});

test('a broken score is refused by name and place, before anything plays', async () => {
  const fleet = spawn(process.execPath, [MAIN, '--score', scoreOf('broken'), '--admin-port', '0'], {
    env: { PATH: process.env['PATH'], WHOOSH_OPENTELEMETRY_ENABLED: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [fleet.stdout, fleet.stderr]) stream?.on('data', (chunk) => said.push(String(chunk)));
  const [code] = (await once(fleet, 'close')) as [number];
  expect(code).toBe(1);
  expect(said.join('')).toContain('promises.broken');
});

function scoreOf(name: string): string {
  return fileURLToPath(new URL(`scores/${name}.yaml`, import.meta.url));
}
