import { expect, test } from 'vitest';
import { DirectoryInUseError, ForeignLogError, type RaftOptions, startRaft } from '../src/node/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { word, WordMachine } from './word-machine.ts';

const alone = [{ name: 'n1', host: '127.0.0.1', port: 0 }];

function options(directory: string, machine: WordMachine, more: Partial<RaftOptions> = {}): RaftOptions {
  return {
    clusterId: 'test',
    node: 'n1',
    peers: alone,
    directory,
    machine,
    onFailure: (failure) => {
      throw failure;
    },
    ...more,
  };
}

test('a node alone leads at once, commits, and finds everything again after a restart', async () => {
  await using directory = await temporaryDirectory();
  const before = new WordMachine();
  {
    await using running = await startRaft(options(directory.path, before));
    for (const text of ['a', 'b', 'c']) await running.raft.propose(word(text));
    expect(running.raft.status()).toMatchObject({ role: 'leader', term: 1, commit: 4 });
    expect(await running.raft.readBarrier()).toBe(true);
  }
  const after = new WordMachine();
  await using running = await startRaft(options(directory.path, after));
  await running.raft.propose(word('d'));
  expect(before.words).toEqual(['a', 'b', 'c']);
  expect(after.words).toEqual(['a', 'b', 'c', 'd']);
  expect(running.raft.status().term).toBe(2);
});

test('a long log is compacted, and the next start begins from the snapshot', async () => {
  await using directory = await temporaryDirectory();
  const texts = Array.from({ length: 200 }, (_, at) => `word ${at}`);
  {
    const machine = new WordMachine();
    await using running = await startRaft(options(directory.path, machine, { compactAtBytes: 2_000 }));
    await Promise.all(texts.map(async (text) => running.raft.propose(word(text))));
    expect(running.raft.status().firstIndex).toBeGreaterThan(1);
  }
  const after = new WordMachine();
  await using running = await startRaft(options(directory.path, after));
  expect(await running.raft.readBarrier()).toBe(true);
  expect(after.restores).toBe(1);
  expect(after.words).toEqual(texts);
});

test('the first entry of the own term is reported once it is applied', async () => {
  await using directory = await temporaryDirectory();
  const { promise, resolve } = Promise.withResolvers<number>();
  await using _ = await startRaft(options(directory.path, new WordMachine(), { onLeading: resolve }));
  expect(await promise).toBe(1);
});

test('two at once on one directory, or a stranger, are refused', async () => {
  await using directory = await temporaryDirectory();
  {
    await using _ = await startRaft(options(directory.path, new WordMachine()));
    await expect(startRaft(options(directory.path, new WordMachine()))).rejects.toThrow(DirectoryInUseError);
  }
  const stranger = options(directory.path, new WordMachine(), { clusterId: 'other' });
  await expect(startRaft(stranger)).rejects.toThrow(ForeignLogError);
});
