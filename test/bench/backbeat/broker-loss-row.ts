import { setTimeout as wait } from 'node:timers/promises';
import { type BeatListener, listenToBeats } from '@whoosh/backbeat-sdk';
import { type backbeat, STREAMS } from '@whoosh/contracts';
import { Random } from '@whoosh/stdx';
import { freePort, type TestNats, until } from '@whoosh/testkit';
import { fileURLToPath } from 'node:url';
import { type Figures, noteOf, type Row, scaled } from '../row.ts';
import { openBenchBus } from './bench-bus.ts';
import { BrokerTrio } from './broker-trio.ts';
import { storedClaims } from './claim-ledger.ts';
import { endFleet } from './fleet-stage.ts';
import { PLAIN_AGENT, PlainListener } from './plain-listener.ts';
import { quantile } from './quantiles.ts';
import { ServiceProcess } from './service-process.ts';

const CLUSTER = 'bench';
const BPM = 120;
const BEAT_MS = 60_000 / BPM;
const TRIALS_EACH = 20;
const AGENTS = 300;
const GAP_MAX_MS = BEAT_MS + 50;
/** Beats that must be heard while the server is gone. */
const BEATS_DOWN_MIN = 3;
const TIMEOUT_MS = 60_000;
const SEED = 6;
const CALM = fileURLToPath(new URL('../../../services/agent-sim/scores/calm.yaml', import.meta.url));
const STREAM_NAMES = [STREAMS.BACKBEAT_CLAIMS.name, STREAMS.BACKBEAT_BEATS.name];

interface Arrival {
  readonly index: number;
  readonly atMs: number;
}

interface Trial {
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  readonly fromMs: number;
  readonly downMs: number;
  untilMs: number;
}

/** The first copy of every frame, as the SDK counts it. */
function arrivalsOf(listener: BeatListener): readonly Arrival[] {
  const arrivals: Arrival[] = [];
  listener.link.add({
    beat: () => undefined,
    frame: ({ index }, atMs) => arrivals.push({ index, atMs }),
  });
  return arrivals;
}

async function startPulses(nats: string): Promise<readonly ServiceProcess[] & AsyncDisposable> {
  const ports = await Promise.all([1, 2, 3].map(() => freePort()));
  const peers = ports.map((port, at) => `n${at + 1}@127.0.0.1:${port}`).join(',');
  const pulses = await Promise.all(
    ports.map((port, at) =>
      ServiceProcess.start({
        service: 'pulse',
        flags: {
          cluster: CLUSTER,
          nats,
          bpm: String(BPM),
          node: `n${at + 1}`,
          'raft-bind': `127.0.0.1:${port}`,
          'raft-peers': peers,
        },
      }),
    ),
  );
  return Object.assign(pulses, {
    async [Symbol.asyncDispose]() {
      await Promise.all(pulses.map((pulse) => pulse[Symbol.asyncDispose]()));
    },
  });
}

async function twoConnectionsEach(pulses: readonly ServiceProcess[]): Promise<void> {
  await until(
    async () => {
      const all = await Promise.all(pulses.map((pulse) => pulse.status<backbeat.PulseStatus>()));
      return all.every(({ nats }) => nats.filter(({ connected }) => connected).length === 2);
    },
    { timeoutMs: TIMEOUT_MS, everyMs: 50, describe: 'two connections of every pulse' },
  );
}

interface Stage {
  readonly trio: BrokerTrio;
  readonly pulses: readonly ServiceProcess[];
  readonly arrivals: readonly Arrival[];
  readonly random: Random;
}

/** One server goes and comes back: gone until the claims are stored again by those that are left, and some beats were heard. */
async function lose(stage: Stage, victim: TestNats, signal: Trial['signal']): Promise<Trial> {
  const { trio, pulses, arrivals, random } = stage;
  // Anywhere in the beat.
  await wait(random.next() * BEAT_MS);
  const heard = arrivals.length;
  const fromMs = performance.now();
  await victim.kill(signal);
  await until(() => trio.isServed(STREAMS.BACKBEAT_CLAIMS.name, victim), {
    timeoutMs: TIMEOUT_MS,
    everyMs: 50,
    describe: 'a leader of the claims among the servers that are left',
  });
  await until(() => arrivals.length >= heard + BEATS_DOWN_MIN, { timeoutMs: TIMEOUT_MS, describe: 'beats' });
  const downMs = performance.now() - fromMs;
  if (signal === 'SIGSTOP') await victim.kill('SIGCONT');
  else await victim.restart();
  await trio.whole(STREAM_NAMES);
  await twoConnectionsEach(pulses);
  return { signal, fromMs, downMs, untilMs: performance.now() };
}

function lostBetween(indices: ReadonlySet<number>, first: number, last: number): number {
  let lost = 0;
  for (let index = first; index <= last; index += 1) if (!indices.has(index)) lost += 1;
  return lost;
}

/** The longest silence that ended in one of the trials. */
function longestGapMs(arrivals: readonly Arrival[], trials: readonly Trial[]): number {
  const gaps = arrivals
    .slice(1)
    .map(({ atMs }, at) => ({ atMs, gapMs: atMs - (arrivals[at]?.atMs ?? atMs) }));
  const within = gaps.filter(({ atMs }) =>
    trials.some((trial) => atMs > trial.fromMs && atMs <= trial.untilMs),
  );
  return quantile(
    within.map(({ gapMs }) => gapMs),
    1,
  );
}

function figuresOf(name: string, arrivals: readonly Arrival[], trials: readonly Trial[]): Figures {
  return {
    [`${name}_n`]: trials.length,
    [`${name}_gap_max_ms`]: longestGapMs(arrivals, trials),
    [`${name}_down_p50_s`]: quantile(
      trials.map(({ downMs }) => downMs / 1_000),
      0.5,
    ),
  };
}

export const brokerLoss: Row = {
  name: 'B6',
  what: `one of three NATS servers killed or frozen at any moment of the beat, ${BPM} BPM, three pulses, streams R3, ${AGENTS} agents that claim on every beat; gone until the claims are stored again, then back until all replicas are current`,
  aim: `no beat lost, gap ≤ 1 beat + 50 ms (${GAP_MAX_MS} ms), no StatusClaim lost`,
  baseline: 'one connection with default options, one publish per StatusClaim',
  async measure() {
    await using trio = await BrokerTrio.start();
    const nats = trio.urls.join(',');
    await using bus = await openBenchBus(trio.urls);
    await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS']);
    await using pulses = await startPulses(nats);
    await Promise.all(pulses.map((pulse) => pulse.ready()));
    await using listener = await listenToBeats({ clusterId: CLUSTER, natsUrl: nats });
    const arrivals = arrivalsOf(listener);
    await using plain = await PlainListener.open(trio.urls, CLUSTER);
    await using fleet = await ServiceProcess.start({
      service: 'agent-sim',
      flags: { cluster: CLUSTER, nats, agents: String(AGENTS), score: CALM, seed: String(SEED) },
    });
    await fleet.ready();
    await trio.whole(STREAM_NAMES);
    await twoConnectionsEach(pulses);
    await until(() => arrivals.length > 4, { timeoutMs: TIMEOUT_MS, describe: 'the first beats' });

    const trials: Trial[] = [];
    const stage: Stage = { trio, pulses, arrivals, random: new Random(SEED) };
    const first = arrivals.at(-1)?.index ?? 0;
    for (let round = 0; round < scaled(TRIALS_EACH); round += 1) {
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        const victim = trio.servers[trials.length % 3] as TestNats;
        trials.push(await lose(stage, victim, signal));
        console.log(`  ${trials.length}: ${signal}, ${Math.round(trials.at(-1)?.downMs ?? 0)} ms`);
      }
    }
    const last = arrivals.at(-1)?.index ?? 0;
    const end = await endFleet(fleet);
    const stored = await storedClaims(bus, CLUSTER);
    const ofFleet = [...stored].filter(([agent]) => agent !== PLAIN_AGENT);
    const storedOfFleet = ofFleet.reduce((sum, [, count]) => sum + count, 0);
    const lostBeats = lostBetween(new Set(arrivals.map(({ index }) => index)), first, last);
    const lostClaims = end.sent - storedOfFleet;
    const hedged = await Promise.all(
      pulses.map(async (pulse) => (await pulse.metrics()).get('backbeat_beats_hedged_total') ?? 0),
    );
    const gapMs = longestGapMs(arrivals, trials);
    const plainArrivals = plain.arrivedAtMs.map((atMs, at) => ({ index: at, atMs }));
    return {
      figures: {
        beats: last - first + 1,
        beats_lost: lostBeats,
        gap_max_ms: gapMs,
        ...figuresOf(
          'killed',
          arrivals,
          trials.filter(({ signal }) => signal === 'SIGKILL'),
        ),
        ...figuresOf(
          'frozen',
          arrivals,
          trials.filter(({ signal }) => signal === 'SIGSTOP'),
        ),
        beats_said_again: hedged.reduce((sum, count) => sum + count),
        claims_sent: end.sent,
        claims_stored: storedOfFleet,
        claims_lost: lostClaims,
        claims_given_up: end.lost,
      },
      baseline: {
        beats_lost: lostBetween(plain.heard, first, last),
        gap_max_ms: longestGapMs(plainArrivals, trials),
        claims_sent: plain.claimsSent,
        claims_lost: plain.claimsSent - (stored.get(PLAIN_AGENT) ?? 0),
      },
      met: lostBeats === 0 && gapMs <= GAP_MAX_MS && lostClaims === 0,
      ...noteOf(
        lostBeats === 0 ? undefined : `${lostBeats} beats lost`,
        gapMs <= GAP_MAX_MS
          ? undefined
          : `the longest gap is ${Math.round(gapMs - GAP_MAX_MS)} ms above the aim`,
        lostClaims === 0 ? undefined : `${lostClaims} StatusClaims lost`,
      ),
    };
  },
};
