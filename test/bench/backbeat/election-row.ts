import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '@whoosh/stdx';
import { type RaftTiming } from 'raft-ts/node';
import { type Figures, noteOf, percentile, type Row, scaled } from '../row.ts';
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

interface Kill {
  /** From the SIGKILL to the commit of the successor's first entry. */
  readonly commitMs: number;
  /** Until the first of the others saw the connection close: a killed process gives its memory back before its sockets. */
  readonly seenMs: number;
}

/** Kills one leader after the other, on one clock. */
async function killLeaders(size: number, kills: number, timing?: RaftTiming): Promise<readonly Kill[]> {
  await using group = await RaftGroup.start(size, {
    work: 'steady',
    entryBytes: ENTRY_BYTES,
    ...(timing !== undefined && { timing }),
  });
  const random = new Random(size);
  const samples: Kill[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const { name, term } = await group.leader();
    await delay(random.int(0, PAUSE_MS_MAX));
    const killedAtMs = monotonicMs();
    group.signal(name, 'SIGKILL');
    const leading = await group.leadingAfter(term);
    samples.push({
      commitMs: leading.atMs - killedAtMs,
      seenMs: group.lossSeenAfter(killedAtMs) - killedAtMs,
    });
    await group.gone(name);
    await group.startNode(name);
  }
  return samples;
}

function commits(kills: readonly Kill[]): readonly number[] {
  return kills.map(({ commitMs }) => commitMs);
}

function figuresOf(prefix: string, kills: readonly Kill[]): Figures {
  return {
    [`${prefix}_kills`]: kills.length,
    [`${prefix}_p50_ms`]: percentile(commits(kills), 0.5),
    [`${prefix}_p99_ms`]: percentile(commits(kills), 0.99),
    [`${prefix}_max_ms`]: percentile(commits(kills), 1),
  };
}

function partsOf(prefix: string, kills: readonly Kill[]): Figures {
  const seen = kills.map(({ seenMs }) => seenMs);
  const elected = kills.map(({ commitMs, seenMs }) => commitMs - seenMs);
  return {
    [`${prefix}_close_seen_p50_ms`]: percentile(seen, 0.5),
    [`${prefix}_close_seen_p99_ms`]: percentile(seen, 0.99),
    [`${prefix}_from_then_p50_ms`]: percentile(elected, 0.5),
    [`${prefix}_from_then_p99_ms`]: percentile(elected, 0.99),
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
    const at = (share: number) =>
      Math.max(percentile(commits(three), share), percentile(commits(five), share));
    const ratio = percentile(commits(baseline), 0.5) / at(0.5);
    const over = Math.round((at(0.99) - AIM_MS) * 10) / 10;
    return {
      figures: {
        ...figuresOf('n3', three),
        ...partsOf('n3', three),
        ...figuresOf('n5', five),
        ...partsOf('n5', five),
        times_faster: Math.round(ratio),
      },
      baseline: figuresOf('n3', baseline),
      met: over <= 0 && ratio >= AIM_RATIO,
      ...noteOf(
        over > 0 ? `p99 is ${over} ms above the aim` : undefined,
        ratio < AIM_RATIO ? `only ${Math.round(ratio)} times faster` : undefined,
      ),
    };
  },
};
