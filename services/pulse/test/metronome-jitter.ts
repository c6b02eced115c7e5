/**
 * Runs the metronome's own thread, as `main.ts` does, and prints as one JSON line how far from its time each beat was
 * sent: at a fast tempo for many samples, and at 120 BPM beside it. On the main thread of the same process a
 * drift-corrected `setTimeout` keeps time in the same minutes, and garbage is made there when that is asked for.
 *
 * `node metronome-jitter.ts --nats URL --samples N [--garbage]`
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '@whoosh/testkit';
import { MetronomeThread } from '../src/metronome-thread.ts';
import { makeGarbage } from './garbage.ts';

/** No whole number of milliseconds, so that the beat walks over the grid that Node's timers have. */
const FAST_BPM = 987.6;
const TIMER_MS = 61.3;
const STEADY_BPM = 120;
/** Start of the node, first reservations, compilation. */
const WARM_UP_MS = 2_000;

interface Beating extends AsyncDisposable {
  /** Lateness of each beat since the warm-up in milliseconds, negative is early. */
  readonly lateMs: number[];
  missed: number;
  /** Whether the thread was allowed to go before other work. */
  isFirst: boolean;
}

async function beat(nats: string, directory: string, tempoBpm: number): Promise<Beating> {
  const node = `bpm-${Math.round(tempoBpm)}`;
  const host = '127.0.0.1';
  const raftBind = { host, port: await freePort() };
  const fromMs = performance.now() + WARM_UP_MS;
  const beating = { lateMs: new Array<number>(), missed: 0, isFirst: true };
  const thread = await MetronomeThread.start(
    {
      cluster: node,
      node,
      version: '0',
      directory: join(directory, node),
      peers: [{ name: node, ...raftBind }],
      raftBind,
      raftProtection: {},
      natsServers: [nats],
      natsAuth: undefined,
      subject: `backbeat.${node}.beat`,
      tempoBpm,
      barLength: 4,
      limits: { minBpm: 0.1, maxBpm: 1_000 },
    },
    (notice) => {
      if (notice.type === 'log' && notice.message.startsWith('the metronome may not'))
        beating.isFirst = false;
      if (notice.type !== 'sent' || performance.now() < fromMs) return;
      beating.lateMs.push(notice.lateMs);
      beating.missed += notice.missed;
    },
    (failure) => {
      throw failure;
    },
  );
  return Object.assign(beating, { [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose]() });
}

/** The best that timers of the event loop do: each aims at its own place, none at a distance from the one before. */
async function correctedTimeouts(count: number): Promise<number[]> {
  const lateMs: number[] = [];
  const startMs = performance.now() + WARM_UP_MS;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const arm = (): void => {
    const atMs = startMs + lateMs.length * TIMER_MS;
    setTimeout(
      () => {
        lateMs.push(performance.now() - atMs);
        if (lateMs.length === count) resolve();
        else arm();
      },
      Math.max(0, atMs - performance.now()),
    );
  };
  arm();
  await done;
  return lateMs;
}

const { values } = parseArgs({
  options: {
    nats: { type: 'string' },
    samples: { type: 'string' },
    garbage: { type: 'boolean', default: false },
  },
});
const samples = Number(values.samples);
const directory = await mkdtemp(join(tmpdir(), 'whoosh-jitter-'));
try {
  await using fast = await beat(values.nats ?? '', directory, FAST_BPM);
  await using steady = await beat(values.nats ?? '', directory, STEADY_BPM);
  using garbage = values.garbage ? makeGarbage() : undefined;
  const corrected = await correctedTimeouts(samples);
  const line = JSON.stringify({
    fast: fast.lateMs,
    steady: steady.lateMs,
    missed: fast.missed + steady.missed,
    isFirst: fast.isFirst && steady.isFirst,
    corrected,
    garbage: garbage?.figures(),
  });
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
} finally {
  await rm(directory, { recursive: true, force: true });
}
