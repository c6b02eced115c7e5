import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OwnedProcess } from '@whoosh/devkit';
import { startNats } from '@whoosh/testkit';
import { type Figures, noteOf, type Row, scaled } from '../row.ts';
import { compileC } from './c-program.ts';
import { finishedProgram } from './finished-program.ts';
import { quantile, quantiles } from './quantiles.ts';

/** Of the metronome, the timer and the floor alike: 55 s at 987.6 BPM. */
const SAMPLES = 900;
/** Beside the 60.8 ms of the beat and the 61.3 ms of the timer: no two of them fall together for long. */
const FLOOR_PERIOD_NS = 61_700_000;
const BUSY_PER_CORE = 2;
const METRONOME = fileURLToPath(new URL('../../../services/pulse/test/metronome-jitter.ts', import.meta.url));

interface Condition {
  readonly name: 'idle' | 'gc' | 'load';
  readonly aimMs: number;
}
const CONDITIONS: readonly Condition[] = [
  { name: 'idle', aimMs: 0.5 },
  { name: 'gc', aimMs: 2 },
  { name: 'load', aimMs: 2 },
];

interface Timed {
  readonly condition: Condition;
  /** How far from its time each was, either way, in milliseconds. */
  readonly fast: readonly number[];
  readonly steady: readonly number[];
  readonly corrected: readonly number[];
  readonly floor: readonly number[];
  readonly missed: number;
  readonly isFirst: boolean;
  readonly garbage: Figures;
}

async function busyProcesses(program: string, count: number): Promise<AsyncDisposable> {
  const busy = await Promise.all(
    Array.from({ length: count }, () => OwnedProcess.start({ file: program, args: ['busy'] })),
  );
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(busy.map((each) => each.stop()));
    },
  };
}

/** All three keep time in the same minute, under the same condition. */
async function timeUnder(condition: Condition, nats: string, floorProgram: string): Promise<Timed> {
  const samples = scaled(SAMPLES);
  const busy = condition.name === 'load' ? BUSY_PER_CORE * availableParallelism() : 0;
  await using _ = await busyProcesses(floorProgram, busy);
  const garbage = condition.name === 'gc' ? ['--garbage'] : [];
  const [lines, floor] = await Promise.all([
    finishedProgram(process.execPath, [METRONOME, '--nats', nats, '--samples', String(samples), ...garbage]),
    finishedProgram(floorProgram, [String(samples), String(FLOOR_PERIOD_NS)]),
  ]);
  const printed = JSON.parse(lines.find((line) => line.startsWith('{')) ?? '{}') as {
    fast: number[];
    steady: number[];
    corrected: number[];
    missed: number;
    isFirst: boolean;
    garbage?: Figures;
  };
  const magnitudes = (values: readonly number[]): number[] => values.slice(0, samples).map(Math.abs);
  return {
    condition,
    fast: magnitudes(printed.fast),
    steady: magnitudes(printed.steady),
    corrected: magnitudes(printed.corrected),
    floor: magnitudes(floor.filter((line) => line !== '').map(Number)),
    missed: printed.missed,
    isFirst: printed.isFirst,
    garbage: printed.garbage ?? {},
  };
}

function missedAims(timed: readonly Timed[]): string[] {
  return timed.flatMap(({ condition: { name, aimMs }, fast, floor }) => {
    const p95 = quantile(fast, 0.95);
    if (p95 <= aimMs) return [];
    return [
      `${name}: p95 ${p95} ms, aim ${aimMs} ms, where the floor of this machine was ${quantile(floor, 0.95)} ms`,
    ];
  });
}

export const metronomeJitter: Row = {
  name: 'B4',
  what: 'how far from its time, either way, the metronome’s thread of pulse sends a beat, own Raft log and broker included: at 987.6 BPM for the count, at 120 BPM beside it; gc: 200 MB/s of garbage over 80 MB live on the main thread; load: 2 busy processes per core',
  aim: CONDITIONS.map(({ name, aimMs }) => `p95 ≤ ${aimMs} ms ${name}`).join(', '),
  baseline:
    'at the same time: drift-corrected setTimeout on the main thread of the same process; a C clock_nanosleep floor',
  async measure() {
    const directory = await mkdtemp(join(tmpdir(), 'whoosh-bench-jitter-'));
    try {
      const floorProgram = await compileC('clock-floor', directory);
      await using nats = await startNats();
      const timed: Timed[] = [];
      for (const condition of CONDITIONS) timed.push(await timeUnder(condition, nats.url, floorProgram));
      const missed = missedAims(timed);
      return {
        figures: {
          n: timed[0]?.fast.length ?? 0,
          ...merged(timed, ({ condition: { name }, fast, steady }) => ({
            ...quantiles(name, fast),
            [`${name}_120_bpm_p95_ms`]: quantile(steady, 0.95),
          })),
          n_120_bpm: timed[0]?.steady.length ?? 0,
          beats_missed: timed.reduce((sum, each) => sum + each.missed, 0),
          niceness: timed.every(({ isFirst }) => isFirst) ? 'raised' : 'not allowed',
          ...merged(timed, ({ garbage }) => garbage),
        },
        baseline: merged(timed, ({ condition: { name }, corrected, floor }) => ({
          ...quantiles(`${name}_setTimeout`, corrected),
          ...quantiles(`${name}_floor`, floor),
        })),
        met: missed.length === 0,
        ...noteOf(...missed),
      };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};

function merged(timed: readonly Timed[], figuresOf: (each: Timed) => Figures): Figures {
  return Object.assign({}, ...timed.map(figuresOf)) as Figures;
}
