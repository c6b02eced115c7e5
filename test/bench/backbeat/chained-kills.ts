import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OwnedProcess } from '@whoosh/devkit';
import { Random } from '@whoosh/stdx';
import { startNats, until } from '@whoosh/testkit';
import { BeatRecord } from './beat-record.ts';
import { chainSubject } from './chain-subject.ts';
import { jsonLines } from './json-lines.ts';

const PROGRAM = fileURLToPath(new URL('./chained-pulse.ts', import.meta.url));
const CLUSTER = 'chained';
const BEATS_BETWEEN_MIN = 2;

export interface ChainedKills {
  readonly kills: number;
  /** Kills that cost a beat. */
  readonly costly: number;
  /** How far each first beat lies from the grid of the ones before. */
  readonly phaseMs: readonly number[];
}

/** Kills pulses that count by chained timers; the next begins in the moment of the kill, as if it knew at once. */
export async function killChained(kills: number, bpm: number): Promise<ChainedKills> {
  const beatMs = 60_000 / bpm;
  await using nats = await startNats();
  await using record = await BeatRecord.open([nats.url], CLUSTER);
  const [connection] = record.connections;
  const random = new Random(1);
  const phaseMs: number[] = [];
  let costly = 0;
  let next = await startChained(nats.url, 'c0', bpm);
  let running: OwnedProcess | undefined;
  try {
    for (let kill = 0; kill <= kills; kill += 1) {
      const before = record.last;
      running?.signal('SIGKILL');
      const index = (before?.index ?? -1) + 1;
      connection?.publish(chainSubject(CLUSTER, `c${kill}`), JSON.stringify({ index, term: kill + 1 }));
      running = next;
      next = await startChained(nats.url, `c${kill + 1}`, bpm);
      const first = await until(() => record.frames.find(({ term }) => term === kill + 1), {
        describe: 'the first beat of the next pulse',
      });
      if (before !== undefined) {
        const beats = (first.arrivedAtMs - before.arrivedAtMs) / beatMs;
        phaseMs.push(Math.abs(beats - Math.round(beats)) * beatMs);
        if (Math.round(beats) > 1) costly += 1;
      }
      await until(() => (record.last?.index ?? 0) >= first.index + BEATS_BETWEEN_MIN);
      await delay(random.next() * beatMs);
    }
    return { kills, costly, phaseMs };
  } finally {
    await Promise.all([running?.stop({ graceMs: 0 }) ?? true, next.stop({ graceMs: 0 })]);
  }
}

async function startChained(url: string, node: string, bpm: number): Promise<OwnedProcess> {
  const { promise: up, resolve } = Promise.withResolvers<void>();
  const child = await OwnedProcess.start({
    file: process.execPath,
    args: [PROGRAM, url, CLUSTER, node, String(bpm)],
    env: { PATH: process.env['PATH'] },
    onOutput: jsonLines(
      () => resolve(),
      (text) => process.stderr.write(`${text}\n`),
    ),
  });
  await Promise.race([up, child.exited]);
  if (child.isOver) throw new Error('a pulse of chained timers ended');
  return child;
}
