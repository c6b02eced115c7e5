import { fileURLToPath } from 'node:url';
import { startNats } from '@whoosh/testkit';
import { type Figures, noteOf, type Row, scaled } from '../row.ts';
import { openBenchBus } from './bench-bus.ts';
import { Counts } from './counts.ts';
import { finishedProgram } from './finished-program.ts';
import { PulseGroup } from './pulse-group.ts';
import { RunningProgram } from './running-program.ts';

const CLUSTER = 'delivery';
const BARE_SUBJECT = 'bench.bare';
const BPM = 120;
const CLAIMS_PER_S = 50_000;
/** A load that does not arrive proves nothing. */
const CLAIMS_PER_S_MIN = 45_000;
const BESIDE_CLAIMS_S = 80;
const MANY_AGENTS_S = 60;
const AGENTS = 10_000;
const CONNECTIONS = 100;
const PROCESSES = 2;
const BESIDE_CLAIMS_AIM_MS = 5;
const MANY_AGENTS_AIM_MS = 20;

interface Heard {
  readonly delivery: Counts;
  readonly bare: Counts;
  readonly beats: number;
  readonly alone: number;
  /** What the listening process worked in all. */
  readonly cpuMs: number;
}

const program = (name: string): string => fileURLToPath(new URL(`${name}.ts`, import.meta.url));

async function listenInOne(
  url: string,
  connections: number,
  agents: number,
  seconds: number,
): Promise<Heard> {
  const numbers = [connections, agents, seconds].map(String);
  const lines = await finishedProgram(process.execPath, [
    program('listening-agents'),
    url,
    CLUSTER,
    ...numbers,
    BARE_SUBJECT,
  ]);
  const said = JSON.parse(lines.find((line) => line.startsWith('{')) ?? '{}') as {
    beats: number;
    alone: number;
    cpuMs: number;
    delivery: [number, number][];
    bare: [number, number][];
  };
  const [delivery, bare] = [new Counts(), new Counts()];
  delivery.addAll(said.delivery);
  bare.addAll(said.bare);
  return { delivery, bare, beats: said.beats, alone: said.alone, cpuMs: said.cpuMs };
}

/** The agents divided over processes, as over the hosts of a cluster. */
async function listen(
  url: string,
  { processes, connections, agents }: { processes: number; connections: number; agents: number },
  seconds: number,
): Promise<Heard> {
  const parts = await Promise.all(
    Array.from({ length: processes }, () =>
      listenInOne(url, connections / processes, agents / processes, seconds),
    ),
  );
  const [delivered, bare] = [new Counts(), new Counts()];
  for (const part of parts) {
    delivered.addAll(part.delivery.list());
    bare.addAll(part.bare.list());
  }
  const sum = (of: (part: Heard) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    delivery: delivered,
    bare,
    beats: Math.min(...parts.map(({ beats }) => beats)),
    alone: sum(({ alone }) => alone),
    cpuMs: sum(({ cpuMs }) => cpuMs),
  };
}

/** Claims are stored by the stream, as in the stack, and read by one subscriber. */
async function besideClaims(url: string): Promise<{ heard: Heard; perSecond: number }> {
  const start = (role: string): Promise<RunningProgram> =>
    RunningProgram.start(process.execPath, [program('claim-load'), role, url, CLUSTER, String(CLAIMS_PER_S)]);
  await using reader = await start('take');
  await using sender = await start('send');
  const heard = await listen(url, { processes: 1, connections: 1, agents: 1 }, scaled(BESIDE_CLAIMS_S));
  const { perSecond } = await reader.end<{ perSecond: number }>();
  await sender.end();
  return { heard, perSecond };
}

function figuresOf(name: string, counts: Counts): Figures {
  const parts = [0.5, 0.95, 0.99, 1].map((share) => counts.quantile(share));
  return { [`${name}_p50/p95/p99/max_ms`]: parts.join('/') };
}

export const delivery: Row = {
  name: 'B5',
  what: `a beat of a real pulse at ${BPM} BPM to the agent’s callback (SDK), from the beat’s place on the grid, so with the pulse’s own lateness and up to 1 ms by which its wall clock is rounded: one agent beside 50,000 claims/s that a stream stores and a subscriber parses; ${AGENTS} agents on ${CONNECTIONS} connections of ${PROCESSES} processes`,
  aim: `p95 ≤ ${BESIDE_CLAIMS_AIM_MS} ms beside the claims, p95 ≤ ${MANY_AGENTS_AIM_MS} ms for ${AGENTS} agents (PER-001: 100 ms)`,
  baseline:
    'at the same time through the same server and connections: bare publish to bare subscription (one per connection)',
  async measure() {
    await using nats = await startNats({ jetstream: true });
    await using bus = await openBenchBus(nats.url);
    await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS']);
    await using _pulse = await PulseGroup.start({ size: 1, cluster: CLUSTER, nats: nats.url, bpm: BPM });
    await using _ = await RunningProgram.start(process.execPath, [
      program('bare-publisher'),
      nats.url,
      BARE_SUBJECT,
    ]);
    const many = await listen(
      nats.url,
      { processes: PROCESSES, connections: CONNECTIONS, agents: AGENTS },
      scaled(MANY_AGENTS_S),
    );
    const { heard: one, perSecond } = await besideClaims(nats.url);
    const p95 = { one: one.delivery.quantile(0.95), many: many.delivery.quantile(0.95) };
    const isLoaded = perSecond >= CLAIMS_PER_S_MIN;
    const notes = [
      isLoaded ? undefined : `only ${perSecond} claims/s arrived`,
      p95.one <= BESIDE_CLAIMS_AIM_MS
        ? undefined
        : `beside claims: p95 ${p95.one} ms, bare ${one.bare.quantile(0.95)} ms`,
      p95.many <= MANY_AGENTS_AIM_MS
        ? undefined
        : `many agents: p95 ${p95.many} ms, bare ${many.bare.quantile(0.95)} ms`,
    ];
    return {
      figures: {
        beside_claims_beats: one.beats,
        ...figuresOf('beside_claims', one.delivery),
        claims_per_s: perSecond,
        agents_beats: many.beats,
        agents_n: many.delivery.total,
        ...figuresOf('agents', many.delivery),
        agents_cpu_ms_per_beat: Math.round(many.cpuMs / many.beats),
        beats_alone: one.alone + many.alone,
      },
      baseline: { ...figuresOf('beside_claims', one.bare), ...figuresOf('connections', many.bare) },
      met: notes.every((note) => note === undefined),
      ...noteOf(...notes),
    };
  },
};
