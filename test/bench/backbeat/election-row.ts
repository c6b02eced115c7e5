import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '@whoosh/stdx';
import { type RaftTiming } from 'raft-ts/node';
import { type Figures, percentile, type Row, scaled } from '../row.ts';
import { monotonicMs } from './monotonic-ms.ts';
import { RaftGroup } from './raft-group.ts';

const KILLS = 200;
const KILLS_OF_BASELINE = 20;
const AIM_MS = 50;
const AIM_RATIO = 25;
const ENTRY_BYTES = 100;
/** A kill comes at any moment between two heartbeats. */
const PAUSE_MS_MAX = 60;

/** Heartbeat 100 ms, election 1,000 … 2,000 ms, and nobody heeds a connection that closes. */
const ETCD_TIMING: RaftTiming = { tickMs: 100, heartbeatTicks: 1, electionTicks: 10, hintStepMs: 0 };

/** From each SIGKILL of the leader to the commit of its successor's first entry, on one clock. */
async function killLeaders(size: number, kills: number, timing?: RaftTiming): Promise<readonly number[]> {
  await using group = await RaftGroup.start(size, {
    work: 'steady',
    entryBytes: ENTRY_BYTES,
    ...(timing !== undefined && { timing }),
  });
  const random = new Random(size);
  const samples: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const { name, term } = await group.leader();
    await delay(random.int(0, PAUSE_MS_MAX));
    const killedAtMs = monotonicMs();
    group.signal(name, 'SIGKILL');
    const leading = await group.leadingAfter(term);
    samples.push(leading.atMs - killedAtMs);
    await group.gone(name);
    await group.startNode(name);
  }
  return samples;
}

function figuresOf(prefix: string, samples: readonly number[]): Figures {
  return {
    [`${prefix}_kills`]: samples.length,
    [`${prefix}_p50_ms`]: percentile(samples, 0.5),
    [`${prefix}_p99_ms`]: percentile(samples, 0.99),
    [`${prefix}_max_ms`]: percentile(samples, 1),
  };
}

export const killedLeader: Row = {
  name: 'B1',
  what: 'Raft leader killed (SIGKILL), processes of their own, fsync on: until the first commit of the new leader’s own term; the killed one has rejoined before the next kill',
  aim: `p99 ≤ ${AIM_MS} ms with 3 and 5 nodes, p50 ≥ ${AIM_RATIO}× faster`,
  baseline: 'the same build with etcd’s default timing (100 ms, 1,000 ms), 3 nodes',
  async measure() {
    const three = await killLeaders(3, scaled(KILLS));
    const five = await killLeaders(5, scaled(KILLS));
    const baseline = await killLeaders(3, scaled(KILLS_OF_BASELINE), ETCD_TIMING);
    const ratio = percentile(baseline, 0.5) / Math.max(percentile(three, 0.5), percentile(five, 0.5));
    const worst = Math.max(percentile(three, 0.99), percentile(five, 0.99));
    return {
      figures: {
        ...figuresOf('n3', three),
        ...figuresOf('n5', five),
        times_faster: Math.round(ratio),
      },
      baseline: figuresOf('n3', baseline),
      met: worst <= AIM_MS && ratio >= AIM_RATIO,
    };
  },
};
