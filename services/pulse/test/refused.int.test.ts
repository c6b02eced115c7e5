import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@whoosh/config';
import { Registry } from '@whoosh/telemetry';
import { freePort, until } from '@whoosh/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MetronomeThread } from '../src/metronome-thread.ts';
import { type MetronomeSettings, type Notice, type Picture } from '../src/metronome/messages.ts';
import { PulseMetrics } from '../src/metrics.ts';
import { RefusalLog } from '../src/refusal-log.ts';

// A thread with a Raft node of its own for each of these, on a machine that others may be using.
vi.setConfig({ testTimeout: 120_000 });

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'whoosh-refused-'));
});
afterAll(async () => rm(directory, { recursive: true, force: true }));

const HOST = '127.0.0.1';

async function settings(changes: Partial<MetronomeSettings> = {}): Promise<MetronomeSettings> {
  const raftBind = changes.raftBind ?? { host: HOST, port: await freePort() };
  return {
    cluster: 'c',
    node: 'n1',
    version: '0',
    directory: join(directory, 'n1'),
    peers: [{ name: changes.node ?? 'n1', ...raftBind }],
    raftBind,
    raftProtection: {},
    // Nobody listens there: a start does not wait for a broker.
    natsServers: [`nats://${HOST}:${await freePort()}`],
    natsAuth: undefined,
    subject: 'backbeat.c.beat',
    tempoBpm: 120,
    barLength: 4,
    limits: { minBpm: 0.1, maxBpm: 1_000 },
    ...changes,
  };
}

async function start(
  changes: Partial<MetronomeSettings> = {},
  onNotice: (notice: Notice) => void = () => undefined,
): Promise<MetronomeThread> {
  return MetronomeThread.start(await settings(changes), onNotice, (failure) =>
    expect.unreachable(failure.message),
  );
}

/** What an operator reads. */
async function refusal(changes: Partial<MetronomeSettings>): Promise<string> {
  const failure: unknown = await start(changes).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(failure instanceof ConfigError)) throw new Error('not refused', { cause: failure });
  return failure.problems.join('\n');
}

test('a folder of another cluster, of another node, or in use', async () => {
  {
    await using running = await start();
    expect(await refusal({})).toMatch(/^BACKBEAT_DATA_DIR: .* set BACKBEAT_DATA_DIR \(--data-dir\)$/);
    expect(await running.ask({ op: 'picture' })).toMatchObject({ picture: { role: 'leader' } });
  }
  for (const foreign of [{ cluster: 'd' }, { node: 'n2' }]) {
    expect(await refusal(foreign)).toMatch(/^BACKBEAT_DATA_DIR: in .*n1 .*; every node needs a folder/);
  }
});

test('a log that was changed, and none whose end is merely missing', async () => {
  const own = join(directory, 'damaged');
  await (await start({ directory: own }))[Symbol.asyncDispose]();
  const names = (await readdir(own)).filter((name) => name.startsWith('log-'));
  const path = join(own, names.toSorted().at(-1) ?? '');
  const sound = await readFile(path);

  // A crash in the middle of a write leaves this.
  await writeFile(path, Buffer.concat([sound, Buffer.alloc(5, 1)]));
  await (await start({ directory: own }))[Symbol.asyncDispose]();

  const bytes = await readFile(path);
  bytes[Math.floor(sound.byteLength / 3)]! ^= 1;
  await writeFile(path, bytes);
  expect(await refusal({ directory: own })).toMatch(
    /^BACKBEAT_DATA_DIR: in .* damaged: .*; restore the folder/,
  );
});

test('a folder that cannot be made', async () => {
  const file = join(directory, 'file');
  await writeFile(file, '');
  const places = [file, join(file, 'below'), ...(process.platform === 'linux' ? ['/proc/none/below'] : [])];
  const refusals = await Promise.all(places.map(async (place) => refusal({ directory: place })));
  for (const text of refusals) {
    expect(text).toMatch(/^BACKBEAT_DATA_DIR: .* cannot be written \(E\w+\): name a folder/);
  }
});

test('a Raft address that is taken, or of another machine', async () => {
  const others = createServer().listen(0, HOST);
  await once(others, 'listening');
  try {
    const { port } = others.address() as AddressInfo;
    const peer = { name: 'n2', host: HOST, port: await freePort() };
    const at = (host: string): Partial<MetronomeSettings> => ({
      directory: join(directory, 'bound'),
      raftBind: { host, port },
      raftProtection: { secret: 'a secret' },
      peers: [{ name: 'n1', host, port }, peer],
    });
    expect(await refusal(at(HOST))).toBe(
      `BACKBEAT_RAFT_BIND: ${HOST}:${port} is taken by another process: choose a free port, and name it in BACKBEAT_RAFT_PEERS`,
    );
    // Reserved for documentation: nobody has it.
    expect(await refusal(at('192.0.2.1'))).toMatch(/^BACKBEAT_RAFT_BIND: .* is no address of this machine/);
  } finally {
    others.close();
  }
});

/** A node as the service wires it: what it counts and says of refusals. */
async function watched(changes: Partial<MetronomeSettings>) {
  const registry = new Registry();
  const metrics = new PulseMetrics(registry);
  const lines: { reason: string; check: string }[] = [];
  const warn = (fields: { reason: string; check: string }): unknown => lines.push(fields);
  const log = new RefusalLog('n', { warn } as never);
  const thread = await start(changes, (notice) => {
    metrics.hear(notice);
    log.hear(notice, performance.now());
  });
  return {
    lines,
    metrics: async () => registry.metrics(),
    picture: async (): Promise<Picture> => {
      const reply = await thread.ask({ op: 'picture' });
      return reply.kind === 'picture' ? reply.picture : expect.unreachable(reply.kind);
    },
    [Symbol.asyncDispose]: async () => thread[Symbol.asyncDispose](),
  };
}

test.concurrent.each([
  { odd: 'secrets', reason: 'unauthenticated', flag: '--raft-secret' },
  { odd: 'peers', reason: 'foreign', flag: '--raft-peers' },
])('a peer with other $odd is counted, said, and in the status', async ({ odd, reason, flag }) => {
  const [n1, n2, n3] = await Promise.all(
    ['n1', 'n2', 'n3'].map(async (name) => ({ name, host: HOST, port: await freePort() })),
  );
  if (n1 === undefined || n2 === undefined || n3 === undefined) throw new Error('three ports');
  const at = ({ name, host, port }: typeof n1): Partial<MetronomeSettings> => ({
    node: name,
    directory: join(directory, `${odd}-${name}`),
    raftBind: { host, port },
    raftProtection: { secret: 'one' },
    peers: [n1, n2],
  });
  await using first = await watched(at(n1));
  await using second = await watched({
    ...at(n2),
    ...(odd === 'secrets' && { raftProtection: { secret: 'another' } }),
    ...(odd === 'peers' && { peers: [n1, n2, n3] }),
  });
  const expected = [
    { node: first, saw: reason },
    { node: second, saw: 'turned_away' },
  ];
  for (const { node, saw } of expected) {
    await until(async () => (await node.metrics()).includes(`backbeat_raft_refused_total{reason="${saw}"}`), {
      timeoutMs: 30_000,
      describe: `${saw} to be counted`,
    });
    await until(() => node.lines.find((line) => line.reason === saw)?.check.includes(flag), {
      describe: `a line that names ${flag}`,
    });
    const told = await until(async () => (await node.picture()).reason?.includes(flag), {
      timeoutMs: 30_000,
      describe: 'the status to say so',
    });
    expect(told).toBe(true);
  }
});
