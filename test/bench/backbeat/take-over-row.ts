import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '@whoosh/stdx';
import { startNatsCluster, until } from '@whoosh/testkit';
import { type Figures, noteOf, percentile, type Row, scaled } from '../row.ts';
import { BeatRecord, type RecordedFrame } from './beat-record.ts';
import { killChained } from './chained-kills.ts';
import { PulseGroup } from './pulse-group.ts';

const BPM = 120;
const BEAT_MS = 60_000 / BPM;
const KILLS_THREE = 100;
const KILLS_FIVE = 100;
const KILLS_OF_BASELINE = 20;
const COSTLY_SHARE_MAX = 0.1;
const LOST_PER_KILL_MAX = 1;
const PHASE_AIM_MS = 5;
/** From so many frames the grid is read, the earliest arrival counts: the last before a kill, with all nodes up. */
const GRID_FRAMES = 6;
const BEAT_TIMEOUT_MS = 30_000;

interface Outcome {
  /** Beats that nobody said between the killed leader’s last and the next one’s first. */
  readonly lost: number;
  /** How far the grid lies from where it lay, signed: positive is later. */
  readonly stepMs: number;
  /** How late the first beat after the take-over came, on the grid after it. */
  readonly firstLateMs: number;
}

interface Round {
  readonly outcomes: readonly Outcome[];
  readonly rivals: number;
  readonly lost: number;
}

/** Arrival against grid time, of the frame that was delayed least. */
function gridOf(frames: readonly RecordedFrame[]): number {
  return Math.min(...frames.map(({ arrivedAtMs, at }) => arrivedAtMs - at));
}

/** `frames` end with the last one before the next kill. */
function outcomeOf(frames: readonly RecordedFrame[], killedTerm: number): Outcome {
  const before = frames.filter(({ term }) => term <= killedTerm);
  const after = frames.filter(({ term }) => term > killedTerm);
  const [last, first] = [before.at(-1), after[0]];
  if (last === undefined || first === undefined) throw new Error('a kill without beats around it');
  const grid = gridOf(after.slice(-GRID_FRAMES));
  return {
    lost: first.index - Math.max(...before.map(({ index }) => index)) - 1,
    stepMs: grid - gridOf(before.slice(-GRID_FRAMES)),
    firstLateMs: first.arrivedAtMs - first.at - grid,
  };
}

async function killPulses(size: number, kills: number): Promise<Round> {
  const cluster = `kills${size}`;
  await using nats = await startNatsCluster();
  await using record = await BeatRecord.open(nats.urls, cluster);
  await using group = await PulseGroup.start({ size, cluster, nats: nats.urls.join(','), bpm: BPM });
  const random = new Random(size);
  const outcomes: Outcome[] = [];
  const nextBeats = async (): Promise<void> => {
    const from = record.frames.length;
    await until(() => record.frames.length >= from + GRID_FRAMES, {
      timeoutMs: BEAT_TIMEOUT_MS,
      describe: () => `the next beats: ${group.story}`,
    });
  };
  await nextBeats();
  for (let kill = 0; kill < kills; kill += 1) {
    await delay(random.next() * BEAT_MS);
    const { last } = record;
    if (last === undefined) throw new Error('no beats');
    group.signal(last.node, 'SIGKILL');
    await Promise.all([
      group.restart(last.node),
      until(() => record.frames.some(({ term }) => term > last.term), {
        timeoutMs: BEAT_TIMEOUT_MS,
        describe: () => `the beats of a new leader: ${group.story}`,
      }),
    ]);
    await nextBeats();
    outcomes.push(outcomeOf(record.frames, last.term));
  }
  return { outcomes, rivals: record.rivals.size, lost: record.lost };
}

function figuresOf(prefix: string, { outcomes, rivals, lost }: Round): Figures {
  const steps = outcomes.map(({ stepMs }) => stepMs);
  const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
  return {
    [`${prefix}_kills`]: outcomes.length,
    [`${prefix}_rival_frames`]: rivals,
    [`${prefix}_kills_that_cost_a_beat`]: outcomes.filter((outcome) => outcome.lost > 0).length,
    [`${prefix}_most_lost_by_one`]: Math.max(...outcomes.map((outcome) => outcome.lost)),
    [`${prefix}_lost_in_all`]: lost,
    [`${prefix}_phase_p50_ms`]: percentile(steps.map(Math.abs), 0.5),
    [`${prefix}_phase_p99_ms`]: percentile(steps.map(Math.abs), 0.99),
    [`${prefix}_step_mean_ms`]: Math.round(mean * 100) / 100,
    [`${prefix}_first_late_p99_ms`]: percentile(
      outcomes.map(({ firstLateMs }) => firstLateMs),
      0.99,
    ),
  };
}

function shortfalls({ outcomes, rivals }: Round): readonly string[] {
  const costly = outcomes.filter(({ lost }) => lost > 0).length / outcomes.length;
  const most = Math.max(...outcomes.map(({ lost }) => lost));
  const phaseMs = percentile(
    outcomes.map(({ stepMs }) => Math.abs(stepMs)),
    0.99,
  );
  return [
    ...(rivals > 0 ? [`${rivals} indices with two frames`] : []),
    ...(costly > COSTLY_SHARE_MAX ? [`${Math.round(costly * 100)} % of the kills cost a beat`] : []),
    ...(most > LOST_PER_KILL_MAX ? [`one kill cost ${most} beats`] : []),
    ...(phaseMs > PHASE_AIM_MS ? [`the phase’s p99 is ${phaseMs} ms`] : []),
  ];
}

export const takeOver: Row = {
  name: 'B2',
  what: `leader of real pulses killed (SIGKILL) at ${BPM} BPM on three NATS servers: beats and grid through the kills, heard by a bare subscriber of each server`,
  aim: `no index with two frames; ≤ ${COSTLY_SHARE_MAX * 100} % of the kills cost a beat, none more than one; phase p99 ≤ ${PHASE_AIM_MS} ms`,
  baseline: 'chained timers, begun anew by another process in the moment of the kill',
  async measure() {
    const three = await killPulses(3, scaled(KILLS_THREE));
    const five = await killPulses(5, scaled(KILLS_FIVE));
    const chained = await killChained(scaled(KILLS_OF_BASELINE), BPM);
    const missed = [...shortfalls(three), ...shortfalls(five)];
    return {
      figures: { ...figuresOf('n3', three), ...figuresOf('n5', five) },
      baseline: {
        kills: chained.kills,
        kills_that_cost_a_beat: chained.costly,
        phase_p50_ms: percentile(chained.phaseMs, 0.5),
        phase_p99_ms: percentile(chained.phaseMs, 0.99),
      },
      met: missed.length === 0,
      ...noteOf(...missed),
    };
  },
};
