import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  checkSignature,
  newPrivateKey,
  readSigner,
  readTrustedKeys,
  trustedKeyLine,
} from '@whoosh/backbeat-sdk/keys';
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
      LOG_LEVEL: 'info',
      WHOOSH_OPENTELEMETRY_ENABLED: 'false',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Keys of a pulse and of a fleet, as files. */
async function signatureFiles() {
  const directory = await mkdtemp(join(tmpdir(), 'whoosh-keys-'));
  const pem = newPrivateKey();
  const king = readSigner('k1', newPrivateKey());
  const list = [trustedKeyLine(king, '@pulse'), trustedKeyLine(readSigner('sim', pem), 'sim-*')].join('\n');
  const [keyFile, listFile] = [join(directory, 'key.pem'), join(directory, 'keys')];
  await writeFile(keyFile, pem, { mode: 0o600 });
  await writeFile(listFile, list);
  return {
    king,
    policy: { keys: readTrustedKeys(list), required: true },
    flags: ['--signing-key-file', keyFile, '--keys-file', listFile, '--require-signatures'],
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

test('a fleet claims on every beat, misbehaves as its score says, signs all of it, and ends when told to', async () => {
  await using signatures = await signatureFiles();
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
  const verdicts = new Set<string>();
  bus.connection.subscribe(backbeat.claims.subject.at({ cluster: CLUSTER, agent: 'x' }).replace(/x$/, '*'), {
    callback: (_failure, message) => {
      const agent = message.subject.split('.').at(-1) ?? '';
      const said = { payload: message.data, headers: message.headers, nowMs: Date.now() };
      verdicts.add(checkSignature(signatures.policy, agent, said));
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
  using pulse = new TestPulse({
    connection: bus.connection,
    clusterId: CLUSTER,
    tempoBpm: 600,
    signer: signatures.king,
  });
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
    ...signatures.flags,
  );
  const exited = once(fleet, 'exit');
  fleet.stdout?.resume();
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
  expect([...verdicts]).toEqual(['ok']);
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
    await Promise.all(fleets.map((fleet) => playing(fleet)));
    using pulses = new DisposableStack();
    for (const clusterId of clusters) {
      const pulse = pulses.use(new TestPulse({ connection: bus.connection, clusterId, tempoBpm: 60 }));
      pulse.start();
    }
    await until(
      async () => (await claimsOf(bus, 'twin-a')).has(5) && (await claimsOf(bus, 'twin-b')).has(5),
      {
        timeoutMs: 30_000,
        everyMs: 200,
        describe: 'six beats of claims',
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
  for (let beat = 0; beat < 5; beat += 1) {
    const said = first.get(beat) ?? '';
    expect(said.split('\n').length).toBeGreaterThan(250);
    expect(second.get(beat)).toBe(said);
  }
});

/** Resolves when the fleet takes beats: whoever only listens may still miss the first one. */
async function playing(fleet: ChildProcess): Promise<void> {
  const plays = Promise.withResolvers<void>();
  let said = '';
  fleet.stdout?.on('data', (chunk) => {
    if (said.length < 100_000) said += String(chunk);
    if (said.includes('the fleet plays')) plays.resolve();
  });
  fleet.once('exit', () => plays.reject(new Error(`the fleet ended: ${said}`)));
  await plays.promise;
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
