import { expect, test } from 'vitest';
import { DamagedLogError, FileStorage, type Writes } from '../src/node/index.ts';
import { entry } from './bench.ts';
import { MemoryDisk } from './memory-disk.ts';

const owner = { clusterId: 'test', node: 'n1' };
const none: Writes = { entries: [], mustSync: true };

/** What a node acknowledges in these tests, step by step. */
const steps: readonly Writes[] = [
  { ...none, hardState: { term: 1, vote: 2, commit: 0 } },
  { ...none, entries: [entry(1, 1, 'a'), entry(1, 2, 'b')], hardState: { term: 1, vote: 2, commit: 1 } },
  { ...none, entries: [entry(1, 3, 'c')] },
  { ...none, hardState: { term: 2, vote: 3, commit: 1 } },
  { ...none, entries: [entry(2, 3, 'd'), entry(2, 4, 'e')] },
  {
    ...none,
    snapshot: { index: 9, term: 2, data: Buffer.from('state') },
    hardState: { term: 2, vote: 3, commit: 9 },
  },
  { ...none, entries: [entry(2, 10, 'f')] },
];

function stateOf(storage: FileStorage): string {
  const entries = storage.entries(storage.firstIndex(), storage.lastIndex() + 1, Infinity) ?? [];
  const { index, term } = storage.snapshot();
  const list = entries.map((each) => `${each.term}/${each.index}${Buffer.from(each.data).toString()}`);
  return JSON.stringify({ hard: storage.hardState(), list, snapshot: { index, term } });
}

/** The disk after all steps, and the state after each. */
async function written(): Promise<{ disk: MemoryDisk; states: readonly string[]; ends: readonly number[] }> {
  const disk = new MemoryDisk();
  const storage = await FileStorage.open(disk, owner);
  const states = [stateOf(storage)];
  const ends = [disk.journal.length];
  for (const step of steps) {
    await storage.persist(step);
    states.push(stateOf(storage));
    ends.push(disk.journal.length);
  }
  await storage.close();
  return { disk, states, ends };
}

/** The state a damaged disk is accepted with; `undefined` when it is refused. */
async function accepted(disk: MemoryDisk): Promise<string | undefined> {
  try {
    const storage = await FileStorage.open(disk, owner);
    const state = stateOf(storage);
    await storage.close();
    return state;
  } catch (cause) {
    expect(cause).toBeInstanceOf(DamagedLogError);
    return undefined;
  }
}

function damaged(disk: MemoryDisk, name: string, change: (bytes: Buffer) => Buffer): MemoryDisk {
  const copy = disk.copy();
  const file = copy.files.get(name);
  if (file === undefined) throw new Error(`no file ${name}`);
  file.bytes = change(file.bytes);
  return copy;
}

test.each(['log-1', 'mark'])('every single bit that flips in %s is refused or harmless', async (name) => {
  const { disk, states } = await written();
  const size = disk.files.get(name)?.bytes.byteLength ?? 0;
  let refused = 0;
  for (let bit = 0; bit < size * 8; bit += 1) {
    const state = await accepted(
      damaged(disk, name, (bytes) => {
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return bytes;
      }),
    );
    if (state === undefined) refused += 1;
    else if (state !== states.at(-1)) throw new Error(`bit ${bit} of ${name} goes unnoticed: ${state}`);
  }
  expect(size).toBeGreaterThan(100);
  if (name === 'log-1') expect(refused).toBe(size * 8);
});

test.each(['log-1', 'mark'])('every truncation of %s is refused or harmless', async (name) => {
  const { disk, states } = await written();
  const size = disk.files.get(name)?.bytes.byteLength ?? 0;
  let refused = 0;
  for (let length = 0; length < size; length += 1) {
    const state = await accepted(damaged(disk, name, (bytes) => bytes.subarray(0, length)));
    if (state === undefined) refused += 1;
    else if (state !== states.at(-1)) throw new Error(`${name} cut to ${length} goes unnoticed: ${state}`);
  }
  if (name === 'log-1') expect(refused).toBe(size);
});

test('garbage behind the end is a write that was cut short, and is dropped', async () => {
  const { disk, states } = await written();
  for (const length of [1, 7, 8, 9, 40, 4096]) {
    const longer = damaged(disk, 'log-1', (bytes) => Buffer.concat([bytes, Buffer.alloc(length, 0xa5)]));
    expect(await accepted(longer)).toBe(states.at(-1));
    expect(await accepted(longer)).toBe(states.at(-1));
  }
});

test('records that change places, or stand there twice, are refused', async () => {
  const { disk, states } = await written();
  const bounds = recordBounds(disk.files.get('log-1')?.bytes ?? Buffer.alloc(0));
  expect(bounds.length).toBeGreaterThan(5);
  const piece = (bytes: Buffer, at: number): Buffer => bytes.subarray(bounds[at], bounds[at + 1]);
  for (let at = 1; at + 2 < bounds.length; at += 1) {
    const swapped = damaged(disk, 'log-1', (bytes) => {
      const [before, after] = [bytes.subarray(0, bounds[at]), bytes.subarray(bounds[at + 2])];
      return Buffer.concat([before, piece(bytes, at + 1), piece(bytes, at), after]);
    });
    expect(await accepted(swapped)).toBeUndefined();
    const twice = damaged(disk, 'log-1', (bytes) => {
      return Buffer.concat([
        bytes.subarray(0, bounds[at + 1]),
        piece(bytes, at),
        bytes.subarray(bounds[at + 2]),
      ]);
    });
    expect([undefined, states.at(-1)]).toContain(await accepted(twice));
  }
});

/** Where the records begin, and the end. */
function recordBounds(bytes: Buffer): readonly number[] {
  const bounds = [0];
  for (let at = 0; at < bytes.byteLength; bounds.push(at)) at += 8 + bytes.readUInt32LE(at);
  return bounds;
}

test.each(['log-1', 'mark'])('a missing %s is refused', async (name) => {
  const { disk } = await written();
  const copy = disk.copy();
  copy.files.delete(name);
  expect(await accepted(copy)).toBeUndefined();
});

test('a power cut at any write loses nothing that was acknowledged and invents nothing', async () => {
  const { disk, states, ends } = await written();
  const fates = ['none', 'part', 'all'] as const;
  const possible = await Promise.all(states.map(async (_, done) => statesWithin(done)));
  let cuts = 0;
  for (let count = 0; count <= disk.journal.length; count += 1) {
    const acknowledged = ends.filter((end) => end <= count).length - 1;
    for (let pattern = 0; pattern < 27; pattern += 1) {
      const after = disk.afterPowerCut(
        count,
        (at) => fates[Math.floor(pattern / 3 ** (at % 3)) % 3] ?? 'none',
      );
      const state = await accepted(after);
      cuts += 1;
      const known = state !== undefined && possible[Math.max(0, acknowledged)]?.includes(state);
      if (!known)
        throw new Error(
          `cut ${count}, pattern ${pattern}: ${state ?? 'refused'}, had ${states[acknowledged]}`,
        );
    }
  }
  expect(cuts).toBeGreaterThan(500);
});

/** The state after `done` steps, and those after each further record of the next one. */
async function statesWithin(done: number): Promise<readonly string[]> {
  const next = steps[done] ?? none;
  const { snapshot, hardState, entries } = next;
  const parts: Writes[] = [
    none,
    ...(snapshot === undefined ? [] : [{ ...none, snapshot }]),
    ...entries.map((_, at) => ({ ...none, entries: entries.slice(0, at + 1) })),
    ...(hardState === undefined ? [] : [next]),
  ];
  return Promise.all(
    parts.map(async (part) => {
      const storage = await FileStorage.open(new MemoryDisk(), owner);
      for (const step of [...steps.slice(0, done), part]) await storage.persist(step);
      return stateOf(storage);
    }),
  );
}

test('a power cut during a compaction leaves the log whole', async () => {
  const disk = new MemoryDisk();
  const storage = await FileStorage.open(disk, owner);
  for (const step of steps.slice(0, 5)) await storage.persist(step);
  const begin = disk.journal.length;
  await storage.compact({ index: 3, term: 2, data: Buffer.from('three') });
  await storage.persist({ ...none, entries: [entry(2, 5, 'g')] });
  const end = disk.journal.length;
  await storage.close();
  const { hardState } = steps[3] ?? {};
  for (let count = begin; count <= end; count += 1) {
    for (const fate of ['none', 'part', 'all'] as const) {
      const reopened = await FileStorage.open(
        disk.afterPowerCut(count, () => fate),
        owner,
      );
      expect(reopened.hardState()).toEqual(hardState);
      expect(reopened.term(4)).toBe(2);
      expect(reopened.term(3)).toBe(2);
      expect(reopened.lastIndex()).toBeGreaterThanOrEqual(count === end ? 5 : 4);
      await reopened.close();
    }
  }
});

test('a log goes on after recovery as if nothing had happened', async () => {
  const disk = new MemoryDisk();
  const first = await FileStorage.open(disk, owner);
  for (const step of steps.slice(0, 3)) await first.persist(step);
  await first.close();
  const torn = damaged(disk, 'log-1', (bytes) => Buffer.concat([bytes, Buffer.from('torn')]));
  const second = await FileStorage.open(torn, owner);
  expect(second.tornBytes).toBe(4);
  for (const step of steps.slice(3)) await second.persist(step);
  const state = stateOf(second);
  await second.close();
  const third = await FileStorage.open(torn, owner);
  expect(stateOf(third)).toBe(state);
  expect(third.tornBytes).toBe(0);
  await third.close();
});

test('after a failed flush nothing is written any more', async () => {
  const disk = new MemoryDisk();
  const storage = await FileStorage.open(disk, owner);
  const plain = disk.open.bind(disk);
  const journal = disk.journal.length;
  disk.open = plain;
  const push = disk.journal.push.bind(disk.journal);
  disk.journal.push = (...items) => {
    if (items.some((item) => item.kind === 'sync')) throw new Error('input/output error');
    return push(...items);
  };
  await expect(storage.persist({ ...none, entries: [entry(1, 1)] })).rejects.toThrow('could not be written');
  disk.journal.push = push;
  const writes = disk.journal.length;
  await expect(storage.persist({ ...none, entries: [entry(1, 1)] })).rejects.toThrow('could not be written');
  expect(disk.journal.length).toBe(writes);
  expect(writes).toBeGreaterThan(journal);
});
