import { Raft } from './driver.ts';
import { type RaftOptions } from './driver-options.ts';
import { Membership } from './membership.ts';
import { openStorage } from './open-storage.ts';
import { type Secrets } from './secrets.ts';
import { TcpTransport } from './tcp-transport.ts';
import { NO_TRANSPORT, type Transport } from './transport.ts';

const LEAD_ALONE_TIMEOUT_MS = 10_000;
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

function secretsOf({ secret, previousSecret }: RaftOptions): Secrets {
  if (secret === '' || previousSecret === '') throw new Error('a secret of raft must not be empty');
  if (previousSecret !== undefined && (secret === undefined || secret === previousSecret)) {
    throw new Error('a previous secret of raft needs a present one that differs');
  }
  return { current: secret ?? '', previous: previousSecret };
}

async function openTransport(
  options: RaftOptions,
  secrets: Secrets,
  membership: Membership,
  raft: Raft,
): Promise<Transport> {
  const own = membership.peers[membership.idOf(options.node) - 1];
  const bind = options.bind ?? own;
  if (membership.peers.length === 1 || bind === undefined) return NO_TRANSPORT;
  const open = [bind, ...membership.peers].every(({ host }) => LOOPBACK.test(host));
  if (options.secret === undefined && options.tls === undefined && !open) {
    throw new Error('raft beyond loopback addresses needs a secret or mutual TLS');
  }
  return TcpTransport.listen({
    membership,
    node: options.node,
    bind,
    secrets,
    tls: options.tls,
    maxFrameBytes: MAX_FRAME_BYTES,
    events: raft.transportEvents,
  });
}

/**
 * Starts one node on what its directory holds. Throws what `openStorage` throws, and when the address cannot be
 * listened on or the secrets make no sense. The caller disposes of it; use `raft.stop()` first for a hand-over.
 */
export async function startRaft(options: RaftOptions): Promise<{ readonly raft: Raft } & AsyncDisposable> {
  await using starting = new AsyncDisposableStack();
  const secrets = secretsOf(options);
  const membership = new Membership(options.clusterId, options.peers);
  const opened = starting.use(
    await openStorage(options.directory, { clusterId: options.clusterId, node: options.node }),
  );
  const raft = new Raft(options, membership, opened.storage);
  starting.defer(async () => raft.stop({ handOver: false }));
  raft.start(await openTransport(options, secrets, membership, raft));
  // Alone there is nothing to wait for but the own disk.
  if (membership.peers.length === 1) await raft.until(({ role }) => role === 'leader', LEAD_ALONE_TIMEOUT_MS);
  const resources = starting.move();
  return { raft, [Symbol.asyncDispose]: async () => resources.disposeAsync() };
}
