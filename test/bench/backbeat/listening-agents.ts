/**
 * `node listening-agents.ts URL CLUSTER CONNECTIONS AGENTS SECONDS BARE_SUBJECT`: agents of the SDK on shared connections.
 * One JSON line at the end: how long after its place on the grid each beat came to each agent's callback, and beside it
 * how long a bare message took to each bare subscription on the same connections. As counts by hundredths of a
 * millisecond, because there are a million.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { connect as connectAgent } from '@whoosh/backbeat-sdk';
import { Counts } from './counts.ts';
import { monotonicMs } from './monotonic-ms.ts';
import { wallAheadMs } from './wall-clock.ts';

/** Compilation, and the first estimate of the grid. */
const WARM_UP_MS = 3_000;

const [url = '', cluster = '', connections = '1', agents = '1', seconds = '0', bareSubject = ''] =
  process.argv.slice(2);
/** Cheaper than reading the shared clock, ten thousand times a beat. */
const startedAtMs = monotonicMs() - performance.now();
const nowMs = (): number => startedAtMs + performance.now();
const aheadMs = wallAheadMs();
const delivery = new Counts();
const bare = new Counts();
let isCounting = false;
let alone = 0;
let beats = 0;

/** When the last beat was due, on the clock that all processes share. */
async function listen(at: number, all: readonly NatsConnection[]): Promise<void> {
  const connection = all[at] as NatsConnection;
  let dueMs = Number.NaN;
  for (let i = 0; i < Number(agents) / Number(connections); i += 1) {
    const agent = await connectAgent({ clusterId: cluster, agentId: `agent:${at}:${i}`, connection });
    if (i === 0) {
      agent.link.add({
        frame: ({ at: gridAt }) => {
          dueMs = (gridAt ?? Number.NaN) - aheadMs;
          if (isCounting && at === 0) beats += 1;
        },
        beat: () => {},
      });
    }
    agent.onBeat(({ degraded }) => {
      if (!isCounting) return;
      if (degraded) alone += 1;
      else delivery.add(nowMs() - dueMs);
    });
  }
  connection.subscribe(bareSubject, {
    callback: (_, message) => {
      if (isCounting) bare.add(nowMs() - message.json<{ atMs: number }>().atMs);
    },
  });
  await connection.flush();
}

const all = await Promise.all(Array.from({ length: Number(connections) }, () => connect({ servers: url })));
for (let at = 0; at < all.length; at += 1) await listen(at, all);
await delay(WARM_UP_MS);
isCounting = true;
const before = process.cpuUsage();
await delay(Number(seconds) * 1_000);
isCounting = false;
const { user, system } = process.cpuUsage(before);
const cpuMs = (user + system) / 1_000;
const line = JSON.stringify({ beats, alone, cpuMs, delivery: delivery.list(), bare: bare.list() });
if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
process.exit(0);
