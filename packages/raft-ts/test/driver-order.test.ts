import { expect, test } from 'vitest';
import { type Message } from '../src/index.ts';
import { Raft } from '../src/node/driver.ts';
import { FileStorage, Membership, type Transport } from '../src/node/index.ts';
import { MemoryDisk } from './memory-disk.ts';
import { WordMachine } from './word-machine.ts';

/** A disk whose flushes wait until they are let through. */
class SlowDisk extends MemoryDisk {
  gate: Promise<void> = Promise.resolve();

  override open(name: string): ReturnType<MemoryDisk['open']> {
    const file = super.open(name);
    return {
      ...file,
      sync: async () => {
        await this.gate;
        await file.sync();
      },
    };
  }
}

class RecordingTransport implements Transport {
  readonly counters = { framesIn: 0, framesOut: 0, dropped: 0, refused: {}, connects: 0 };
  readonly address = undefined;
  readonly sent: Message[] = [];

  send(message: Message): void {
    this.sent.push(message);
  }

  isConnected(): boolean {
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

test('nothing is sent before what it depends on is flushed', async () => {
  const disk = new SlowDisk();
  const membership = new Membership(
    'test',
    ['n1', 'n2', 'n3'].map((name) => ({ name, host: '127.0.0.1', port: 1 })),
  );
  await using storage = await FileStorage.open(disk, { clusterId: 'test', node: 'n1' });
  const machine = new WordMachine();
  const raft = new Raft(
    {
      clusterId: 'test',
      node: 'n1',
      peers: membership.peers,
      directory: '',
      machine,
      timing: { tickMs: 60_000 },
      onFailure: (failure) => {
        throw failure;
      },
    },
    membership,
    storage,
  );
  const transport = new RecordingTransport();
  raft.start(transport);
  const { promise, resolve } = Promise.withResolvers<void>();
  disk.gate = promise;
  const { onMessage } = raft.transportEvents;
  onMessage({ type: 'vote', from: 2, to: 1, term: 1, lastIndex: 0, lastTerm: 0, transfer: false });
  // Everything that can happen without the disk has happened when a promise chain longer than any in there is done.
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
  expect(raft.status()).toMatchObject({ term: 1, vote: 2 });
  expect(transport.sent).toEqual([]);
  resolve();
  expect(await raft.until(() => transport.sent.length > 0, 10_000)).toBe(true);
  expect(transport.sent).toMatchObject([{ type: 'voteReply', to: 2, granted: true }]);
  await raft.stop({ handOver: false });
});

test('a failed flush stops the node and tells why', async () => {
  const disk = new SlowDisk();
  const peers = [{ name: 'n1', host: '127.0.0.1', port: 1 }];
  const membership = new Membership('test', peers);
  await using storage = await FileStorage.open(disk, { clusterId: 'test', node: 'n1' });
  const failed = Promise.withResolvers<Error>();
  const raft = new Raft(
    {
      clusterId: 'test',
      node: 'n1',
      peers,
      directory: '',
      machine: new WordMachine(),
      onFailure: failed.resolve,
    },
    membership,
    storage,
  );
  disk.gate = Promise.reject(new Error('input/output error'));
  disk.gate.catch(() => undefined);
  raft.start(new RecordingTransport());
  expect((await failed.promise).name).toBe('DiskFailureError');
  await expect(raft.propose(Buffer.from('x'))).rejects.toMatchObject({ reason: 'stopped' });
  await raft.stop();
});
