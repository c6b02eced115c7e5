import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '@whoosh/stdx';
import { startNats } from '@whoosh/testkit';
import { type Figures, noteOf, percentile, type Row, scaled } from '../row.ts';
import { type StopOutcome, stopLeaders } from './aimed-stops.ts';
import { Cables } from './cables.ts';
import { monotonicMs } from './monotonic-ms.ts';
import { RaftGroup } from './raft-group.ts';

const NODES = 3;
const FREEZES = 100;
const CUTS = 100;
const AIM_MS = 350;
const ENTRY_BYTES = 100;
const PAUSE_MS_MAX = 60;

const STOPS = 1_000;
const STOPS_OF_BASELINE = 240;
/** Clusters side by side: one stop takes more than a second, most of it waiting. */
const CLUSTERS = 8;

/** Leaders that are suddenly silent, with every connection open: until another has committed in its own term. */
async function silence(
  count: number,
  group: RaftGroup,
  setSilent: (leader: string, isSilent: boolean) => void,
): Promise<readonly number[]> {
  const random = new Random(count);
  const samples: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const { name, term } = await group.leader();
    await delay(random.int(0, PAUSE_MS_MAX));
    const silentAtMs = monotonicMs();
    setSilent(name, true);
    const leading = await group.leadingAfter(term);
    samples.push(leading.atMs - silentAtMs);
    setSilent(name, false);
  }
  return samples;
}

async function freeze(count: number): Promise<readonly number[]> {
  await using group = await RaftGroup.start(NODES, { work: 'steady', entryBytes: ENTRY_BYTES });
  return await silence(count, group, (leader, isSilent) =>
    group.signal(leader, isSilent ? 'SIGSTOP' : 'SIGCONT'),
  );
}

async function cutOff(count: number): Promise<readonly number[]> {
  using cables = await Cables.between(NODES);
  await using group = await RaftGroup.start(
    NODES,
    { work: 'steady', entryBytes: ENTRY_BYTES },
    (from, to, port) => cables.reach(from, to, port),
  );
  return await silence(count, group, (leader, isSilent) => cables.cut(Number(leader.slice(1)) - 1, isSilent));
}

async function stopAtBeats(stops: number, leaseOnly: boolean): Promise<StopOutcome> {
  await using nats = await startNats({ jetstream: true });
  const outcomes = await Promise.all(
    Array.from({ length: CLUSTERS }, (_, at) =>
      stopLeaders({
        nats: nats.url,
        cluster: `stops${at}`,
        stops: Math.ceil(stops / CLUSTERS),
        seed: at + 1,
        leaseOnly,
      }),
    ),
  );
  const sum = (key: keyof StopOutcome): number => outcomes.reduce((total, each) => total + each[key], 0);
  return {
    stops: sum('stops'),
    depositions: sum('depositions'),
    rivals: sum('rivals'),
    stale: sum('stale'),
    accepted: sum('accepted'),
    repeatedCallbacks: sum('repeatedCallbacks'),
  };
}

function figuresOf(outcome: StopOutcome): Figures {
  return {
    stops_at_the_beat: outcome.stops,
    leaders_replaced: outcome.depositions,
    rival_frames: outcome.rivals,
    stale_frames_sent: outcome.stale,
    stale_frames_accepted: outcome.accepted,
    callbacks_repeated: outcome.repeatedCallbacks,
  };
}

export const frozenLeader: Row = {
  name: 'B3',
  what: 'leader stopped (SIGSTOP) or cut off from its peers, every connection open: until the first commit of the next; real pulses stopped around the beat and let go on after 150–900 ms, on the wire and behind the SDK’s fence',
  aim: `commit p99 ≤ ${AIM_MS} ms; no stale frame accepted, no index with two frames`,
  baseline: 'the same pulse fenced by its lease alone, the reservation taken out',
  async measure() {
    const frozen = await freeze(scaled(FREEZES));
    const cut = await cutOff(scaled(CUTS));
    const stopped = await stopAtBeats(scaled(STOPS), false);
    const leased = await stopAtBeats(scaled(STOPS_OF_BASELINE), true);
    const slowest = Math.max(percentile(frozen, 0.99), percentile(cut, 0.99));
    const isSafe = stopped.rivals === 0 && stopped.accepted === 0 && stopped.repeatedCallbacks === 0;
    return {
      figures: {
        stopped: frozen.length,
        stopped_p50_ms: percentile(frozen, 0.5),
        stopped_p99_ms: percentile(frozen, 0.99),
        cut_off: cut.length,
        cut_off_p50_ms: percentile(cut, 0.5),
        cut_off_p99_ms: percentile(cut, 0.99),
        ...figuresOf(stopped),
      },
      baseline: figuresOf(leased),
      met: slowest <= AIM_MS && isSafe && leased.rivals > 0,
      ...noteOf(
        slowest > AIM_MS ? `the commit’s p99 is ${slowest} ms` : undefined,
        isSafe ? undefined : 'a stale or doubled frame',
        leased.rivals > 0 ? undefined : 'the baseline showed no duplicate, so the stops did not hit',
      ),
    };
  },
};
