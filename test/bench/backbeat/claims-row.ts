import { startNats, startNatsCluster, type TestNats } from '@whoosh/testkit';
import { type Figures, noteOf, type Row, scaled } from '../row.ts';
import { ClaimHose } from './claim-hose.ts';
import { openBenchBus } from './bench-bus.ts';
import { type PipelineOptions, PipelineProcess, type PipelineResult } from './pipeline-process.ts';
import { storedPerSecond } from './stored-claims.ts';

const CLUSTER = 'bench';
const AGENTS = 10_000;
const CHUNK = 2_500;
/** Enough that neither side waits for the other's word, little enough that pings are not held up. */
const CHUNKS_IN_FLIGHT = 6;
/** The stream drops what comes beyond 10,000 messages that it has not looked at. */
const CHUNKS_IN_STORE = 3;
const ROUNDS = 3;

const CORE_BARS = 25;
const STREAM_BARS = 20;
const MEMORY_BARS = 5;
const STORED_R1 = 200_000;
const STORED_R3 = 100_000;

const CORE_MIN = 200_000;
const SHARE_MIN = 0.7;
const STREAM_MIN = 100_000;

type Way = Pick<PipelineOptions, 'from' | 'how'>;

function rateOf({ taken, seconds }: PipelineResult): number {
  return taken / seconds;
}

/** Every claim that was sent was valid, and was counted: else the rate is none. */
function check(result: PipelineResult, bars: number): void {
  const claims = bars * 4 * AGENTS;
  if (result.added !== claims || result.windows !== bars || result.reporting !== bars * AGENTS)
    throw new Error(`of ${claims} claims in ${bars} windows were counted: ${JSON.stringify(result)}`);
}

async function overCore(nats: TestNats, way: Way, bars: number): Promise<PipelineResult> {
  const hoseOptions = {
    url: nats.url,
    cluster: CLUSTER,
    agents: AGENTS,
    chunk: CHUNK,
    chunksInFlight: CHUNKS_IN_FLIGHT,
    isStored: false,
  };
  await using hose = await ClaimHose.open(hoseOptions);
  const messages = hose.messagesOf(bars);
  await using pipeline = await PipelineProcess.start({
    ...way,
    url: nats.url,
    cluster: CLUSTER,
    messages,
    creditEvery: CHUNK,
  });
  const [result] = await Promise.all([pipeline.result(), hose.run(bars)]);
  if (way.how === 'reverb') check(result, bars);
  return result;
}

async function fill(nats: TestNats, bars: number): Promise<void> {
  await using bus = await openBenchBus(nats.url);
  await bus.ensureStreams(['BACKBEAT_CLAIMS']);
  await using hose = await ClaimHose.open({
    url: nats.url,
    cluster: CLUSTER,
    agents: AGENTS,
    chunk: CHUNK,
    chunksInFlight: CHUNKS_IN_STORE,
    isStored: true,
  });
  await hose.run(bars);
  const { state } = await bus.jsm.streams.info('BACKBEAT_CLAIMS');
  if (state.messages !== hose.messagesOf(bars))
    throw new Error(`the stream holds ${state.messages} of ${hose.messagesOf(bars)} messages`);
}

async function fromStream(nats: TestNats, how: Way['how'], bars: number): Promise<PipelineResult> {
  await using pipeline = await PipelineProcess.start({
    from: 'stream',
    how,
    url: nats.url,
    cluster: CLUSTER,
    messages: bars * (4 * AGENTS + 1),
  });
  const result = await pipeline.result();
  if (how === 'reverb') check(result, bars);
  return result;
}

/** The middle of several rounds, taken by turns so that a slow minute of the machine meets both. */
async function byTurns(
  measure: (how: Way['how']) => Promise<PipelineResult>,
): Promise<Record<Way['how'], PipelineResult>> {
  const results: Record<Way['how'], PipelineResult[]> = { reverb: [], parse: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const how of ['parse', 'reverb'] as const) results[how].push(await measure(how));
  }
  return { reverb: middle(results.reverb), parse: middle(results.parse) };
}

function middle(results: readonly PipelineResult[]): PipelineResult {
  const sorted = results.toSorted((a, b) => rateOf(a) - rateOf(b));
  return sorted[Math.floor(sorted.length / 2)] as PipelineResult;
}

const perSecond = (result: PipelineResult): number => Math.round(rateOf(result));
const cpuMicros = ({ cpuSeconds, taken }: PipelineResult): number =>
  Math.round((cpuSeconds / taken) * 1e8) / 100;

async function acknowledged(): Promise<Figures> {
  const r1 = await (async () => {
    await using nats = await startNats();
    return await storedPerSecond([nats.url], scaled(STORED_R1));
  })();
  await using cluster = await startNatsCluster();
  const r3 = await storedPerSecond(cluster.urls, scaled(STORED_R3));
  return { stored_r1_per_s: r1, stored_r3_per_s: r3 };
}

export const claimsThroughReverb: Row = {
  name: 'B7',
  what: `claims of ${AGENTS} agents through reverb's pipeline (decode, validate, book, sum up) in one process: a plain subject; a preloaded R1 stream; stored and acknowledged by the SDK in atomic batches`,
  aim: `≥ ${CORE_MIN} claims/s on a plain subject and ≥ ${SHARE_MIN * 100} % of the bare subscriber; ≥ ${STREAM_MIN}/s from the stream`,
  baseline: 'subscriber with JSON.parse alone',
  async measure() {
    await using nats = await startNats();
    const coreBars = scaled(CORE_BARS);
    const streamBars = scaled(STREAM_BARS);
    const core = await byTurns((how) => overCore(nats, { from: 'core', how }, coreBars));
    const memoryBars = scaled(MEMORY_BARS);
    const memory = await byTurns((how) => overCore(nats, { from: 'memory', how }, memoryBars));
    await fill(nats, streamBars);
    const stream = await byTurns((how) => fromStream(nats, how, streamBars));
    const share = rateOf(core.reverb) / rateOf(core.parse);
    const missed = [
      rateOf(core.reverb) < CORE_MIN
        ? `the plain subject gave ${perSecond(core.reverb)} of ${CORE_MIN} claims/s, ${cpuMicros(core.reverb)} µs of this process's core each; broker, sender and reverb share ${navigator.hardwareConcurrency} cores, and the pipeline alone does ${perSecond(memory.reverb)}`
        : undefined,
      share < SHARE_MIN ? `only ${Math.round(share * 100)} % of the bare subscriber` : undefined,
      rateOf(stream.reverb) < STREAM_MIN
        ? `the stream gave ${perSecond(stream.reverb)} of ${STREAM_MIN} claims/s; the bare reader ${perSecond(stream.parse)}`
        : undefined,
    ];
    return {
      figures: {
        core_per_s: perSecond(core.reverb),
        share_of_bare: Math.round(share * 100) / 100,
        core_cpu_us: cpuMicros(core.reverb),
        stream_per_s: perSecond(stream.reverb),
        alone_per_s: perSecond(memory.reverb),
        ...(await acknowledged()),
      },
      baseline: {
        core_per_s: perSecond(core.parse),
        core_cpu_us: cpuMicros(core.parse),
        stream_per_s: perSecond(stream.parse),
        alone_per_s: perSecond(memory.parse),
      },
      met: missed.every((part) => part === undefined),
      ...noteOf(...missed),
    };
  },
};
