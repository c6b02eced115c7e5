import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BeatListener, type HeardFrame, listenToBeats } from '@whoosh/backbeat-sdk';
import { Random } from '@whoosh/stdx';
import { until } from '@whoosh/testkit';
import { BeatRecord, type RecordedFrame } from './beat-record.ts';
import { monotonicMs } from './monotonic-ms.ts';
import { PulseGroup } from './pulse-group.ts';

const PRELOAD = fileURLToPath(new URL('./without-reservation.ts', import.meta.url));
const NODES = 3;
/** Slow enough that a new leader may still send the beat at which the old one was stopped: that is the danger. */
const BPM = 100;
const BEAT_MS = 60_000 / BPM;
/** Two stops of three are aimed at the moment of sending, the third at the time of the reservation. */
const AT_BEAT_SHARE = 2 / 3;
const AT_BEAT_MS = { from: -1.5, to: 0.5 };
const AT_RESERVATION_MS = { from: -25, to: 0 };
/** Long enough for another leader, which is found by its timeout, or not; and for its first beat, or not. */
const HOLD_MS = { from: 150, to: 900 };
const SPIN_MS = 1.5;
const GRID_FRAMES = 8;
const BEAT_TIMEOUT_MS = 30_000;

export interface StopOutcome {
  readonly stops: number;
  /** Stops after which another leader sent the next beat. */
  readonly depositions: number;
  /** Indices that were said with different frames. */
  readonly rivals: number;
  /** Frames on the wire of a leader that had been replaced. */
  readonly stale: number;
  /** Those of them that the SDK's fence let pass, and indices that it let pass twice. */
  readonly accepted: number;
  /** Callbacks of one index twice, or of an index behind one before. */
  readonly repeatedCallbacks: number;
}

/** What one listener was given, judged by what it was given before. */
class FenceWitness {
  accepted = 0;
  repeatedCallbacks = 0;
  #last: HeardFrame | undefined;
  #lastBeat = -1;

  constructor(listener: BeatListener) {
    listener.link.add({
      frame: (frame) => this.#frame(frame),
      beat: ({ index }) => {
        if (index <= this.#lastBeat) this.repeatedCallbacks += 1;
        this.#lastBeat = Math.max(this.#lastBeat, index);
      },
    });
  }

  #frame(frame: HeardFrame): void {
    const last = this.#last;
    if (last !== undefined && (frame.term < last.term || frame.index <= last.index)) this.accepted += 1;
    this.#last = frame;
  }
}

/** When the beat after the last one is expected to be heard: the grid as the least delayed of the last frames shows it. */
function nextArrivalMs(frames: readonly RecordedFrame[]): number {
  const latest = frames.slice(-GRID_FRAMES);
  const last = latest.at(-1);
  if (last === undefined) throw new Error('no beats');
  const phases = latest.map(({ arrivedAtMs, index }) => arrivedAtMs + (last.index - index) * BEAT_MS);
  let atMs = Math.min(...phases);
  while (atMs < monotonicMs() - AT_RESERVATION_MS.from + SPIN_MS) atMs += BEAT_MS;
  return atMs;
}

async function waitExactly(untilMs: number): Promise<void> {
  await delay(Math.max(0, untilMs - monotonicMs() - SPIN_MS));
  while (monotonicMs() < untilMs);
}

/** Stops leaders around their beats, lets them go on later, and has a bare subscriber and the SDK hear what comes. */
export async function stopLeaders(options: {
  readonly nats: string;
  readonly cluster: string;
  readonly stops: number;
  readonly seed: number;
  readonly leaseOnly: boolean;
}): Promise<StopOutcome> {
  const { nats, cluster, stops, seed, leaseOnly } = options;
  await using record = await BeatRecord.open([nats], cluster);
  await using group = await PulseGroup.start({
    size: NODES,
    cluster,
    nats,
    bpm: BPM,
    nodeFlags: leaseOnly ? ['--import', PRELOAD] : [],
  });
  const [connection] = record.connections;
  if (connection === undefined) throw new Error('no connection');
  await using listener = await listenToBeats({ connection, clusterId: cluster });
  const witness = new FenceWitness(listener);
  const random = new Random(seed);
  const between = ({ from, to }: { from: number; to: number }): number => from + random.next() * (to - from);
  let depositions = 0;
  for (let stop = 0; stop < stops; stop += 1) {
    const from = record.frames.length;
    await until(() => record.frames.length > from, {
      timeoutMs: BEAT_TIMEOUT_MS,
      describe: () => `a beat: ${group.story}`,
    });
    const aim = random.next() < AT_BEAT_SHARE ? AT_BEAT_MS : AT_RESERVATION_MS;
    const atMs = nextArrivalMs(record.frames) + between(aim);
    await waitExactly(atMs);
    const node = record.last?.node ?? '';
    const term = record.last?.term ?? 0;
    group.signal(node, 'SIGSTOP');
    await delay(between(HOLD_MS));
    group.signal(node, 'SIGCONT');
    const held = record.frames.length;
    await until(() => record.frames.length > held, {
      timeoutMs: BEAT_TIMEOUT_MS,
      describe: () => `a beat: ${group.story}`,
    });
    if ((record.last?.term ?? 0) > term) depositions += 1;
  }
  return {
    stops,
    depositions,
    rivals: record.rivals.size,
    stale: record.overtaken,
    accepted: witness.accepted,
    repeatedCallbacks: witness.repeatedCallbacks,
  };
}
