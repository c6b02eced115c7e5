import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@whoosh/testkit';
import { noteOf, percentile, type Row, scaled } from '../row.ts';
import { monotonicMs } from './monotonic-ms.ts';
import { RaftGroup } from './raft-group.ts';

const NODES = 3;
const SINGLE = 2_000;
const BATCHED = 200_000;
/** So many callers, each of whom waits for the commit of its entry before the next. */
const OUTSTANDING = 2_000;
const ENTRY_BYTES = 100;
/** An entry on disk: its data, and what the log writes around it. */
const RECORD_BYTES = 140;
const SYNCS = 1_000;
const AIM_FACTOR = 2;
const AIM_MORE_MS = 2;
const AIM_PER_SECOND = 20_000;
const MEASURE_TIMEOUT_MS = 180_000;

interface Disk {
  readonly syncMs: readonly number[];
  readonly perSecond: number;
}

/** Appends of an entry's size to a file, each flushed, with nothing else between. */
async function appendAndSync(count: number): Promise<Disk> {
  const directory = await mkdtemp(join(tmpdir(), 'whoosh-bench-sync-'));
  const file = openSync(join(directory, 'file'), 'w');
  const record = Buffer.alloc(RECORD_BYTES, 7);
  const syncMs: number[] = [];
  try {
    const startedMs = monotonicMs();
    for (let at = 0; at < count; at += 1) {
      const beganMs = monotonicMs();
      writeSync(file, record, 0, record.byteLength, at * record.byteLength);
      fdatasyncSync(file);
      syncMs.push(monotonicMs() - beganMs);
    }
    return { syncMs, perSecond: count / ((monotonicMs() - startedMs) / 1_000) };
  } finally {
    closeSync(file);
    await rm(directory, { recursive: true, force: true });
  }
}

async function commits() {
  await using group = await RaftGroup.start(NODES, {
    work: 'measured',
    entryBytes: ENTRY_BYTES,
    single: scaled(SINGLE),
    batched: { entries: scaled(BATCHED), outstanding: OUTSTANDING },
  });
  const measured = await until(() => group.measured, {
    timeoutMs: MEASURE_TIMEOUT_MS,
    everyMs: 50,
    describe: () => `the measured commits: ${group.story}`,
  });
  return { ...measured, interrupted: group.interrupted };
}

export const raftCommit: Row = {
  name: 'B11',
  what: `Raft commit: ${NODES} processes on loopback, log on disk with fdatasync; entries of ${ENTRY_BYTES} bytes, one after the other, and by ${OUTSTANDING} callers at once`,
  aim: `commit p95 ≤ ${AIM_FACTOR} × fdatasync p95 + ${AIM_MORE_MS} ms; ≥ ${AIM_PER_SECOND} entries/s`,
  baseline: 'a loop of append and fdatasync on the same file system, before and after',
  async measure() {
    const before = await appendAndSync(scaled(SYNCS));
    const { singleMs, entriesPerSecond, interrupted } = await commits();
    const after = await appendAndSync(scaled(SYNCS));
    const syncMs = [...before.syncMs, ...after.syncMs];
    const limitMs = AIM_FACTOR * percentile(syncMs, 0.95) + AIM_MORE_MS;
    const isFast = percentile(singleMs, 0.95) <= limitMs;
    const isWide = entriesPerSecond >= AIM_PER_SECOND;
    return {
      figures: {
        commits: singleMs.length,
        commit_p50_ms: percentile(singleMs, 0.5),
        commit_p95_ms: percentile(singleMs, 0.95),
        limit_p95_ms: Math.round(limitMs * 10) / 10,
        batched_per_s: Math.round(entriesPerSecond),
        measurements_interrupted: interrupted,
      },
      baseline: {
        fdatasync_p50_ms: percentile(syncMs, 0.5),
        fdatasync_p95_ms: percentile(syncMs, 0.95),
        per_s: Math.round((before.perSecond + after.perSecond) / 2),
      },
      met: isFast && isWide,
      ...noteOf(
        isFast
          ? undefined
          : `the commit’s p95 is ${Math.round((percentile(singleMs, 0.95) - limitMs) * 10) / 10} ms over its limit`,
        isWide ? undefined : `${Math.round(AIM_PER_SECOND - entriesPerSecond)} entries/s short of the aim`,
      ),
    };
  },
};
