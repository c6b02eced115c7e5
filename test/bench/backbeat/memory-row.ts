import { fileURLToPath } from 'node:url';
import { freePort, startNats } from '@whoosh/testkit';
import { noteOf, type Row, scaled } from '../row.ts';
import { finishedProgram } from './finished-program.ts';
import { endFleet, idleMb, sampleWindows, type WindowSample } from './fleet-stage.ts';
import { quantile } from './quantiles.ts';
import { ServiceProcess } from './service-process.ts';

const CLUSTER = 'bench';
const AGENTS = 10_000;
const BPM = 60;
const WARM_UP_SECONDS = 30;
const MEASURED_SECONDS = 180;
const HEAP_FLAGS = ['--max-old-space-size=144', '--max-semi-space-size=8'] as const;

const BYTES_PER_AGENT_MAX = 1_000;
const RSS_MB_MAX = 256;
/** What the last third of the windows may take more than the first and still be called flat. */
const GROWTH_SHARE_MAX = 0.05;
/** Agents that must be in the windows, or the load was not what it says. */
const AGENTS_SHARE_MIN = 0.95;

const WINDOW_MEMORY = fileURLToPath(
  new URL('../../../services/reverb/bench/window-memory.ts', import.meta.url),
);

interface WindowMemory {
  readonly openBytesPerAgent: number;
  readonly restBytesPerAgent: number;
}

async function windowMemory(): Promise<WindowMemory> {
  const lines = await finishedProgram(process.execPath, [
    '--expose-gc',
    WINDOW_MEMORY,
    '--agents',
    String(AGENTS),
  ]);
  return JSON.parse(lines.find((line) => line.startsWith('{')) ?? '{}') as WindowMemory;
}

/** Least squares through the windows: megabytes a minute. */
function slopePerMinute(samples: readonly WindowSample[]): number {
  const mean = (of: (sample: WindowSample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [at, rss] = [mean(({ atSeconds }) => atSeconds), mean(({ rssMb }) => rssMb)];
  const covariance = mean((sample) => (sample.atSeconds - at) * (sample.rssMb - rss));
  return (covariance / mean(({ atSeconds }) => (atSeconds - at) ** 2)) * 60;
}

/** How much more the last third of the windows takes than the first, as a share. */
function growth(samples: readonly WindowSample[]): number {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const middle = (part: readonly WindowSample[]) =>
    quantile(
      part.map(({ rssMb }) => rssMb),
      0.5,
    );
  return middle(samples.slice(-third)) / middle(samples.slice(0, third)) - 1;
}

export const memory: Row = {
  name: 'B9',
  what: `memory of reverb with ${AGENTS} agents that claim on every beat at ${BPM} BPM, bars of 4 (real pulse, fleet, broker); node ${HEAP_FLAGS.join(' ')}`,
  aim: `≤ 1 kB per agent and window, RSS ≤ ${RSS_MB_MAX} MB, flat`,
  baseline: 'the same process before the fleet joins',
  async measure() {
    const perWindow = await windowMemory();
    await using nats = await startNats();
    const common = { cluster: CLUSTER, nats: nats.url, 'log-level': 'info' };
    await using pulse = await ServiceProcess.start({
      service: 'pulse',
      flags: { ...common, bpm: String(BPM), node: 'n1', 'raft-bind': `127.0.0.1:${await freePort()}` },
    });
    await using reverb = await ServiceProcess.start({
      service: 'reverb',
      nodeFlags: HEAP_FLAGS,
      flags: { ...common, node: 'r1' },
    });
    await Promise.all([pulse.ready(), reverb.ready()]);
    const idle = await idleMb(reverb);
    await using fleet = await ServiceProcess.start({
      service: 'agent-sim',
      flags: { ...common, agents: String(AGENTS), seed: '9' },
    });
    const warmUp = await sampleWindows(reverb, WARM_UP_SECONDS);
    const { samples, rssMaxMb } = await sampleWindows(reverb, scaled(MEASURED_SECONDS));
    const end = await endFleet(fleet);
    const agents = quantile(
      samples.map((sample) => sample.agents),
      0.5,
    );
    const grown = growth(samples);
    const rssMax = Math.max(rssMaxMb, warmUp.rssMaxMb);
    const isLoaded = agents >= AGENTS * AGENTS_SHARE_MIN;
    return {
      figures: {
        windows: samples.length,
        agents_per_window_p50: agents,
        open_window_bytes_per_agent: perWindow.openBytesPerAgent,
        'finished_windows,_promises_bytes_per_agent': perWindow.restBytesPerAgent,
        rss_p50_mb: quantile(
          samples.map(({ rssMb }) => rssMb),
          0.5,
        ),
        rss_max_mb: rssMax,
        heap_max_mb: Math.max(...samples.map(({ heapMb }) => heapMb)),
        slope_mb_per_min: Math.round(slopePerMinute(samples) * 100) / 100,
        'growth_first_to_last_third_%': Math.round(grown * 1_000) / 10,
        claims_stored: end.stored,
        claims_lost: end.lost,
        claims_held_back: end.held,
      },
      baseline: { idle_rss_mb: idle },
      met:
        isLoaded &&
        perWindow.openBytesPerAgent <= BYTES_PER_AGENT_MAX &&
        rssMax <= RSS_MB_MAX &&
        grown <= GROWTH_SHARE_MAX,
      ...noteOf(
        isLoaded ? undefined : `the machine did not carry the load: ${agents} agents in a window`,
        rssMax <= RSS_MB_MAX ? undefined : `${rssMax - RSS_MB_MAX} MB above the aim`,
        perWindow.openBytesPerAgent <= BYTES_PER_AGENT_MAX
          ? undefined
          : `an open window takes ${perWindow.openBytesPerAgent} bytes per agent`,
        grown <= GROWTH_SHARE_MAX ? undefined : `grown by ${Math.round(grown * 1_000) / 10} %`,
      ),
    };
  },
};
