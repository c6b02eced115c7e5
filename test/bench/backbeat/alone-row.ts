import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { type BeatListener, listenToBeats, type MonotonicClock } from '@whoosh/backbeat-sdk';
import { startNats, until } from '@whoosh/testkit';
import { type Figures, noteOf, type Row, scaled } from '../row.ts';
import { PulseGroup } from './pulse-group.ts';

const CLUSTER = 'alone';
/** 1,200 beats, all that the estimate looks at, take 73 s. */
const BPM = 987.6;
const LOCK_S = 90;
const ALONE_S = 90;
const AIM_PPM = 10;
const CHAIN_MS = 500;
/** How far the listeners' oscillators are off. Those of one machine are one, so it is put on. */
const OSCILLATORS_PPM = [0, 150, -80];

interface Listening {
  readonly ppm: number;
  readonly listener: BeatListener;
  /** Own beats: index, and when each came on this machine's clock. */
  readonly alone: (readonly [number, number])[];
}

function oscillator(ppm: number): MonotonicClock {
  const rate = 1 + ppm * 1e-6;
  return {
    nowMs: () => performance.now() * rate,
    at(timeMs, callback) {
      const timer = setTimeout(callback, Math.max(0, Math.ceil(timeMs / rate - performance.now())));
      return () => clearTimeout(timer);
    },
  };
}

async function listen(url: string, ppm: number, stack: AsyncDisposableStack): Promise<Listening> {
  const connection = await connect({ servers: url });
  stack.defer(() => connection.close());
  const listener = stack.use(await listenToBeats({ clusterId: CLUSTER, connection, clock: oscillator(ppm) }));
  const alone: [number, number][] = [];
  listener.onBeat(({ index, degraded }) => {
    if (degraded) alone.push([index, performance.now()]);
  });
  return { ppm, listener, alone };
}

/** A wake-up is only ever late: of this many beats the least late one tells where they stand. */
const GROUP_SIZE = 20;

function leastLate(all: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const periodMs = 60_000 / BPM;
  const lateness = ([index, ms]: readonly [number, number]): number => ms - index * periodMs;
  return Array.from({ length: Math.floor(all.length / GROUP_SIZE) }, (_, group) =>
    all
      .slice(group * GROUP_SIZE, (group + 1) * GROUP_SIZE)
      .reduce((best, beat) => (lateness(beat) < lateness(best) ? beat : best)),
  );
}

/** How far the beats' rate is off, by the straight line of least squares through when they came. */
function rateErrorPpm(all: readonly (readonly [number, number])[]): number {
  const beats = leastLate(all);
  const mean = (at: 0 | 1): number => beats.reduce((sum, beat) => sum + beat[at], 0) / beats.length;
  const [meanIndex, meanMs] = [mean(0), mean(1)];
  let sumXX = 0;
  let sumXY = 0;
  for (const [index, ms] of beats) {
    sumXX += (index - meanIndex) ** 2;
    sumXY += (index - meanIndex) * (ms - meanMs);
  }
  return (sumXY / sumXX / (60_000 / BPM) - 1) * 1e6;
}

/** Each timer set when the one before has fired; the error of its rate. */
async function chainedPpm(seconds: number): Promise<number> {
  const startMs = performance.now();
  const beats = Math.max(1, Math.round((seconds * 1_000) / CHAIN_MS));
  for (let beat = 0; beat < beats; beat += 1) await delay(CHAIN_MS);
  return ((performance.now() - startMs) / (beats * CHAIN_MS) - 1) * 1e6;
}

const rounded = (ppm: number): number => Math.round(ppm * 100) / 100;

export const alone: Row = {
  name: 'B10',
  what: `the SDK alone after its pulse was killed: error of the rate of its beats, by least squares over the least late of each ${GROUP_SIZE}. A real pulse at ${BPM} BPM for ${LOCK_S} s (its 1,200 beats), then ${ALONE_S} s alone; listeners whose clocks are made to run ${OSCILLATORS_PPM.join(', ')} ppm fast. The hour after 15 minutes is a unit test in virtual time`,
  aim: `≤ ${AIM_PPM} ppm (PER-003: 1 %)`,
  baseline: `setTimeout chained at ${CHAIN_MS} ms, in the same ${ALONE_S} s`,
  async measure() {
    await using stack = new AsyncDisposableStack();
    const nats = stack.use(await startNats({ jetstream: true }));
    const pulse = stack.use(await PulseGroup.start({ size: 1, cluster: CLUSTER, nats: nats.url, bpm: BPM }));
    const all: Listening[] = [];
    for (const ppm of OSCILLATORS_PPM) all.push(await listen(nats.url, ppm, stack));
    await delay(scaled(LOCK_S) * 1_000);
    pulse.signal('n1', 'SIGKILL');
    await until(() => all.every(({ listener }) => listener.health().mode === 'degraded'), {
      describe: 'all listeners to be alone',
    });
    for (const { alone: beats } of all) beats.length = 0;
    const chained = await chainedPpm(scaled(ALONE_S));
    const errors = all.map(({ ppm, alone: beats, listener }) => ({
      name: `clock_${ppm}_ppm`,
      ppm: rateErrorPpm(beats),
      beats: beats.length,
      estimate: listener.drift().ppm,
    }));
    const worst = Math.max(...errors.map(({ ppm }) => Math.abs(ppm)));
    return {
      figures: {
        worst_ppm: rounded(worst),
        ...(Object.fromEntries(
          errors.flatMap(({ name, ppm, estimate }) => [
            [`${name}_off_ppm`, rounded(ppm)],
            [`${name}_measured_as_ppm`, rounded(estimate)],
          ]),
        ) as Figures),
        beats_alone: Math.min(...errors.map(({ beats }) => beats)),
      },
      baseline: { ppm: Math.round(chained) },
      met: worst <= AIM_PPM,
      ...noteOf(worst <= AIM_PPM ? undefined : `${rounded(worst - AIM_PPM)} ppm above the aim`),
    };
  },
};
