import { fileURLToPath } from 'node:url';
import { until } from '@whoosh/testkit';
import { noteOf, percentile, type Row, scaled } from '../row.ts';
import { finishedProgram } from './finished-program.ts';
import { RaftGroup } from './raft-group.ts';

const SYNC_LOOP = fileURLToPath(new URL('sync-loop.ts', import.meta.url));
const NODES = 3;
const SINGLE = 2_000;
const BATCHED = 200_000;
/** So many callers, each of whom waits for the commit of its entry before the next. */
const OUTSTANDING = 2_000;
const ENTRY_BYTES = 100;
const SYNCS = 1_000;
const AIM_FACTOR = 2;
const AIM_MORE_MS = 2;
const AIM_PER_SECOND = 20_000;
const MEASURE_TIMEOUT_MS = 180_000;

interface Disk {
  readonly syncMs: readonly number[];
  readonly perSecond: number;
}

/** So many programs that append and flush at the same time, each to its own file. */
async function appendAndSync(programs: number): Promise<readonly Disk[]> {
  const args = [SYNC_LOOP, String(scaled(SYNCS))];
  const printed = await Promise.all(
    Array.from({ length: programs }, () => finishedProgram(process.execPath, args)),
  );
  return printed.map(([line = '']) => JSON.parse(line) as Disk);
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
  baseline: `a loop of append and fdatasync on the same file system, before and after; ${NODES} of them at once, as the nodes share a disk`,
  async measure() {
    const before = [await appendAndSync(1), await appendAndSync(NODES)] as const;
    const { singleMs, entriesPerSecond, interrupted } = await commits();
    const after = [await appendAndSync(1), await appendAndSync(NODES)] as const;
    const alone = [...before[0], ...after[0]];
    const syncMs = alone.flatMap((disk) => disk.syncMs);
    const sharedMs = [...before[1], ...after[1]].flatMap((disk) => disk.syncMs);
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
        per_s: Math.round(alone.reduce((sum, disk) => sum + disk.perSecond, 0) / alone.length),
        [`${NODES}_at_once_p50_ms`]: percentile(sharedMs, 0.5),
        [`${NODES}_at_once_p95_ms`]: percentile(sharedMs, 0.95),
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
