import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LocalCluster } from './local-cluster.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { word } from './word-machine.ts';

/** An authority and a certificate of it for each name. */
function certificates(
  directory: string,
  names: readonly string[],
): ReadonlyMap<string, { key: string; cert: string; ca: string }> {
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=authority',
  );
  for (const name of names) {
    openssl('req', ...curve, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.pem`);
  }
  const text = (name: string): string => readFileSync(join(directory, name), 'utf8');
  return new Map(
    names.map((name) => [name, { key: text(`${name}.key`), cert: text(`${name}.pem`), ca: text('ca.pem') }]),
  );
}

test('with mutual TLS a node is who its certificate says', async () => {
  await using directory = await temporaryDirectory();
  const files = certificates(directory.path, ['n1', 'n2', 'n3']);
  await using cluster = await LocalCluster.start(3, {}, (name) => {
    const tls = files.get(name);
    return tls === undefined ? {} : { tls };
  });
  const leader = await cluster.leader();
  await leader.raft.propose(word('a'));
  const [odd, other] = cluster.followersOf(leader);
  await odd?.stop();
  const wrong = files.get(other?.name ?? '');
  const before = leader.raft.status();
  const impostor = await cluster.startNode(odd?.name ?? '', wrong === undefined ? {} : { tls: wrong });
  expect(await impostor.raft.until(({ role }) => role === 'preCandidate', 20_000)).toBe(true);
  expect(leader.raft.transport.counters.refused['unauthenticated']).toBeGreaterThan(0);
  expect(leader.raft.status()).toMatchObject({ role: 'leader', term: before.term });
});
