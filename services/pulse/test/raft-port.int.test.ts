import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsReader } from '@whoosh/config/testing';
import { freePort, until } from '@whoosh/testkit';
import { type Raft, startRaft } from 'raft-ts/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { metronomeSettings, PulseEnv, pulseProblems } from '../src/config.ts';
import { makeCertificates } from './certificates.ts';

const { read } = settingsReader(PulseEnv, pulseProblems);
const NAMES = ['n1', 'n2', 'n3'];
let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'whoosh-raft-port-'));
  makeCertificates(directory);
});
afterAll(async () => rm(directory, { recursive: true, force: true }));

type Flags = Readonly<Record<string, string>>;
const at = (name: string): string => join(directory, name);
const tls = (name: string): Flags => ({
  'raft-tls-cert-file': at(`${name}.pem`),
  'raft-tls-key-file': at(`${name}.key`),
  'raft-tls-ca-file': at('ca.pem'),
});

/** Gives the flags of each of three nodes of a cluster, beside those that are named. */
async function clusterOf(cluster: string): Promise<(node: string, more: Flags) => Flags> {
  const places = new Map(
    await Promise.all(NAMES.map(async (name) => [name, `127.0.0.1:${await freePort()}`] as const)),
  );
  const peers = [...places].map(([name, place]) => `${name}@${place}`).join(',');
  return (node, more) => ({
    cluster,
    node,
    'raft-bind': places.get(node) ?? '',
    'raft-peers': peers,
    'data-dir': at(`${cluster}-${node}`),
    ...more,
  });
}

/** The Raft node of a pulse that is started with these flags. */
async function startNode(flags: Flags): Promise<{ readonly raft: Raft } & AsyncDisposable> {
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const settings = metronomeSettings(read(words.join(' ')), '0');
  return startRaft({
    clusterId: settings.cluster,
    node: settings.node,
    peers: settings.peers,
    directory: settings.directory,
    bind: settings.raftBind,
    machine: { apply: () => undefined, snapshot: () => new Uint8Array(), restore: () => undefined },
    ...settings.raftProtection,
    onFailure: (failure) => expect.unreachable(failure.message),
  });
}

/** Resolves when each of these has been answered by all others, and follows somebody. */
async function meshed(nodes: readonly Raft[]): Promise<void> {
  const isMeshed = (raft: Raft, own: number): boolean =>
    raft.leaderName() !== undefined &&
    nodes.every((_, place) => place === own || raft.transport.isConnected(place + 1));
  await until(() => nodes.every(isMeshed), {
    timeoutMs: 60_000,
    describe: () => `all connections: ${JSON.stringify(nodes.map(({ transport }) => transport.counters))}`,
  });
}

test('by the certificates of the README three nodes agree, and one without is not let in', async () => {
  await using started = new AsyncDisposableStack();
  const flagsOf = await clusterOf('certified');
  const nodes = await Promise.all(
    NAMES.map(async (name) => started.use(await startNode(flagsOf(name, tls(name))))),
  );
  const rafts = nodes.map(({ raft }) => raft);
  await meshed(rafts);
  for (const { transport } of rafts) expect(transport.counters.refused).not.toHaveProperty('unauthenticated');

  await nodes.at(-1)?.[Symbol.asyncDispose]();
  const stranger = started.use(await startNode(flagsOf('n3', {})));
  await until(
    () => rafts.slice(0, 2).every(({ transport }) => (transport.counters.refused['tls'] ?? 0) > 0),
    {
      timeoutMs: 60_000,
      describe: 'the one without a certificate to be refused and counted',
    },
  );
  expect([1, 2].filter((id) => stranger.raft.transport.isConnected(id))).toEqual([]);
  await meshed(rafts.slice(0, 2));
});

test('a node with the old secret and those with both connect in all directions', async () => {
  await using started = new AsyncDisposableStack();
  const flagsOf = await clusterOf('rotating');
  const old = { 'raft-secret': 'old' };
  const both = { 'raft-secret': 'new', 'raft-secret-previous': 'old' };
  const nodes = await Promise.all(
    NAMES.map(async (name) => started.use(await startNode(flagsOf(name, name === 'n3' ? old : both)))),
  );
  await meshed(nodes.map(({ raft }) => raft));
  for (const { raft } of nodes) expect(raft.transport.counters.refused).not.toHaveProperty('unauthenticated');
});
