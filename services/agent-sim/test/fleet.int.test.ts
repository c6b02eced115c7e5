import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';
import { type Bus, connectBus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog, startNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const CLUSTER = 'fleet-test';

function startFleetProcess(natsUrl: string, cluster: string, ...flags: string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, '--cluster', cluster, '--nats', natsUrl, ...flags], {
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

  const fleet = startFleetProcess(
    nats.url,
    CLUSTER,
    '--agents',
    '40',
    '--seed',
    '7',
    '--score',
    scoreOf('restless'),
  );
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

test('two fleets with the same seed that hear the same beats say the same, to the byte', async () => {
  await using nats = await startNats();
  await using bus = await connectBus({
    servers: nats.url,
    service: 'test',
    profile: 'beat',
    log: quietLog(),
    registry: newRegistry('test'),
  });
  await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS']);
  const clusters = ['twin-a', 'twin-b'] as const;
  const fleets = clusters.map((cluster) => {
    const flags = ['--agents', '300', '--seed', '11', '--score', scoreOf('restless')];
    return startFleetProcess(nats.url, cluster, ...flags);
  });
  const exits = fleets.map((fleet) => once(fleet, 'exit'));
  try {
    // The life begins with the first beat that is heard, so nobody may miss it.
    await until(async () => (await earsOf(nats.monitoringUrl)).isSupersetOf(new Set(clusters)), {
      timeoutMs: 30_000,
      describe: 'both fleets to listen',
    });
    using pulses = new DisposableStack();
    for (const clusterId of clusters) {
      const pulse = pulses.use(new TestPulse({ connection: bus.connection, clusterId, tempoBpm: 120 }));
      pulse.start();
    }
    await until(
      async () => (await claimsOf(bus, 'twin-a')).has(7) && (await claimsOf(bus, 'twin-b')).has(7),
      {
        timeoutMs: 30_000,
        everyMs: 200,
        describe: 'ten beats of claims',
      },
    );
  } finally {
    for (const fleet of fleets) fleet.kill('SIGTERM');
  }
  expect(await Promise.all(exits)).toEqual([
    [0, null],
    [0, null],
  ]);
  const [first, second] = [await claimsOf(bus, 'twin-a'), await claimsOf(bus, 'twin-b')];
  for (let beat = 0; beat < 7; beat += 1) {
    const said = first.get(beat) ?? '';
    expect(said.split('\n').length).toBeGreaterThan(250);
    expect(second.get(beat)).toBe(said);
  }
});

/** Clusters whose beat somebody listens to. */
async function earsOf(monitoringUrl: string): Promise<Set<string>> {
  const reply = await fetch(`${monitoringUrl}/connz?subs=1`);
  const { connections } = (await reply.json()) as { connections: { subscriptions_list?: string[] }[] };
  const subjects = connections.flatMap(({ subscriptions_list: list = [] }) => list);
  return new Set(subjects.flatMap((subject) => /^backbeat\.(.+)\.beat$/.exec(subject)?.[1] ?? []));
}

/** What a cluster's agents said, by the beat they said it on they name, sorted, without timestamps. */
async function claimsOf(bus: Bus, cluster: string): Promise<Map<number, string>> {
  const filter = backbeat.claims.subject.at({ cluster, agent: 'x' }).replace(/x$/, '*');
  const consumer = await bus.js.consumers.get('BACKBEAT_CLAIMS', { filter_subjects: filter });
  const { num_pending: pending } = await consumer.info();
  const beats = new Map<number, string[]>();
  if (pending > 0) {
    for await (const message of await consumer.fetch({ max_messages: pending, expires: 5_000 })) {
      const { hlc: _hlc, ...said } = message.json<{ hlc: string; beat_index: number }>();
      const text = `${message.subject.split('.').at(-1)} ${JSON.stringify(said)}`;
      beats.set(said.beat_index, [...(beats.get(said.beat_index) ?? []), text]);
    }
  }
  return new Map([...beats].map(([beat, lines]) => [beat, lines.toSorted().join('\n')]));
}

test('a broken score is refused by name and place, before anything plays', async () => {
  const fleet = spawn(process.execPath, [MAIN, '--score', scoreOf('broken'), '--admin-port', '0'], {
    env: { PATH: process.env['PATH'], WHOOSH_OPENTELEMETRY_ENABLED: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [fleet.stdout, fleet.stderr]) stream?.on('data', (chunk) => said.push(String(chunk)));
  const [code] = (await once(fleet, 'close')) as [number];
  expect(code).toBe(1);
  expect(said.join('')).toMatch(/broken\.yaml:\d+:3: promises\.broken is "often"; right would be a share/);
});

function scoreOf(name: string): string {
  return fileURLToPath(new URL(`scores/${name}.yaml`, import.meta.url));
}
