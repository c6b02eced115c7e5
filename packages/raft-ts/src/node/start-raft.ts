import { Raft } from './driver.ts';
import { type RaftOptions } from './driver-options.ts';
import { Membership } from './membership.ts';
import { openStorage } from './open-storage.ts';
import { NO_TRANSPORT } from './transport.ts';

const LEAD_ALONE_TIMEOUT_MS = 10_000;

/**
 * Starts one node on what its directory holds. Throws what `openStorage` throws, and when the address cannot be
 * listened on. The caller disposes of it; use `raft.stop()` first for a hand-over.
 */
export async function startRaft(options: RaftOptions): Promise<{ readonly raft: Raft } & AsyncDisposable> {
  await using starting = new AsyncDisposableStack();
  const membership = new Membership(options.clusterId, options.peers);
  const opened = starting.use(
    await openStorage(options.directory, { clusterId: options.clusterId, node: options.node }),
  );
  const raft = new Raft(options, membership, opened.storage);
  starting.defer(async () => raft.stop({ handOver: false }));
  raft.start(NO_TRANSPORT);
  // Alone there is nothing to wait for but the own disk.
  if (membership.peers.length === 1) await raft.until(({ role }) => role === 'leader', LEAD_ALONE_TIMEOUT_MS);
  const resources = starting.move();
  return { raft, [Symbol.asyncDispose]: async () => resources.disposeAsync() };
}
