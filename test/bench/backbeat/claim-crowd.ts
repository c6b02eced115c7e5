/**
 * A fleet of agents in a process of its own, honest and not: `--nats --cluster --agents --seed`. On every beat each agent has its
 * claim stored, in acknowledged atomic batches over the first half of the beat; some are doubled, late, forged, broken,
 * early, held back until other beats have been claimed, or far too many. Ends by SIGTERM and then prints how many there were of each.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { backbeat } from '@whoosh/contracts';
import { Random } from '@whoosh/stdx';
import { openBenchBus } from './bench-bus.ts';
import { type CrowdClaim, CrowdScript } from './crowd-script.ts';
import { storeBatch } from './store-batch.ts';

const BATCH_CLAIMS_MAX = 256;
/** Claims are said within this share of the beat. */
const SAID_WITHIN = 0.5;

const { values } = parseArgs({
  options: {
    nats: { type: 'string', default: '' },
    cluster: { type: 'string', default: 'bench' },
    agents: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const agents = Number(values.agents);
await using bus = await openBenchBus(values.nats);
const script = new CrowdScript({ cluster: values.cluster, agents, random: new Random(Number(values.seed)) });
const figures = { stored: 0, failedBatches: 0, beats: 0 };
const running = new Set<Promise<void>>();
let isOver = false;

async function send(claims: readonly CrowdClaim[]): Promise<void> {
  // A batch that was not acknowledged may have been stored all the same: then its claims are copies, and count once.
  for (;;) {
    const isStored = await storeBatch(bus.connection, claims);
    if (isStored) break;
    figures.failedBatches += 1;
  }
  figures.stored += claims.length;
}

async function play(frame: backbeat.BeatFrame): Promise<void> {
  figures.beats += 1;
  const barLength = frame.metadata?.bar_length ?? 4;
  const batches = Math.ceil(agents / BATCH_CLAIMS_MAX);
  const stepMs = ((60_000 / frame.tempo_bpm) * SAID_WITHIN) / batches;
  const beganMs = performance.now();
  const sending: Promise<void>[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    const restMs = beganMs + batch * stepMs - performance.now();
    if (restMs > 1) await wait(restMs);
    const from = batch * BATCH_CLAIMS_MAX;
    const claims = script.claims(
      frame.beat_index,
      barLength,
      from,
      Math.min(agents, from + BATCH_CLAIMS_MAX),
    );
    for (let at = 0; at < claims.length; at += BATCH_CLAIMS_MAX)
      sending.push(send(claims.slice(at, at + BATCH_CLAIMS_MAX)));
  }
  await Promise.all(sending);
}

bus.connection.subscribe(backbeat.beats.subject.at({ cluster: values.cluster }), {
  callback: (_error, message) => {
    if (isOver) return;
    const played = play(message.json<backbeat.BeatFrame>());
    running.add(played);
    void played.finally(() => running.delete(played));
  },
});
await bus.flush();
console.log(JSON.stringify({ ready: true }));
const told = Promise.withResolvers<void>();
process.once('SIGTERM', () => told.resolve());
process.once('SIGINT', () => told.resolve());
await told.promise;
isOver = true;
await Promise.all(running);
console.log(JSON.stringify({ ...figures, said: script.said }));
await bus[Symbol.asyncDispose]();
process.exit(0);
