/**
 * One round of the nemesis, inside its own namespaces: `node nemesis-inside.ts <seed> <faults> <directory>`. Prints what it does, ends
 * with 1 when a rule was broken. `FORGE=true` adds a second frame of one beat, which must be found. Ends when whoever started it is gone.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startFleetLink } from '@whoosh/backbeat-sdk';
import { until } from '@whoosh/testkit';
import { CLUSTER, ClusterUnderTest } from './cluster-under-test.ts';
import { planOf } from './fault-plan.ts';
import { Faults } from './faults.ts';
import { judgeReports } from './report-rules.ts';
import { WireRecorder } from './wire-recorder.ts';
import { judgeWire, type WireVerdict } from './wire-rules.ts';

const AGENTS = 20;
const HEALTHY_BEATS = 8;
const RECOVER_TIMEOUT_MS = 60_000;

const [seedText = '1', faultsText = '14', directory = ''] = process.argv.slice(2);
process.stdin.resume();
process.stdin.once('end', () => process.exit(130));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

process.exit((await round(Number(seedText), Number(faultsText))) ? 0 : 1);

async function round(seed: number, count: number): Promise<boolean> {
  const plan = planOf(seed, count);
  const { pulses, brokers, barLength } = plan;
  console.log(`     ${pulses} pulses, ${brokers} brokers, 2 reverbs, bars of ${barLength}, ${count} faults`);
  await using cluster = await ClusterUnderTest.open(plan, join(directory, 'lab'));
  await using wire = await WireRecorder.open(cluster.urls, CLUSTER);
  await cluster.start(plan);
  await using fleet = await startFleetLink({ clusterId: CLUSTER, natsUrl: cluster.urls.join(',') });
  const claims = { stored: 0, lost: 0 };
  const leave = fleet.onBeat((beat) => {
    for (let agent = 0; agent < AGENTS; agent += 1) {
      void fleet.emitStatusClaim(`agent:${agent}`, { state: 'executing', task_id: `t:${beat.index}` }).then(
        () => (claims.stored += 1),
        () => (claims.lost += 1),
      );
    }
  });

  const faults = new Faults(cluster, wire.frames);
  const startedAt = performance.now();
  for (const fault of plan.faults) {
    const atMs = performance.now() - startedAt;
    const whom = await faults.commit(fault);
    console.log(
      `     ${(atMs / 1_000).toFixed(1).padStart(6)} s  ${fault.kind} ${whom}, ${fault.lengthMs} ms`,
    );
    await delay(fault.pauseMs);
  }
  if (process.env['FORGE'] === 'true') wire.forge();
  const judge = (): WireVerdict => judgeWire(wire.frames, CLUSTER, [...faults.excuses, ...wire.stalls]);
  const violations: string[] = [...faults.violations];
  try {
    await cluster.settled();
    await recovered(judge);
    await reported(wire, judge);
  } catch (cause) {
    violations.push(`it does not recover: ${String(cause)}`);
  }
  leave();
  const { accepted, figures, violations: broken } = judge();
  violations.push(...broken);
  const frames = accepted.map(({ frame }) => frame);
  const stored = await wire.storedReports();
  violations.push(
    ...judgeReports({ cluster: CLUSTER, stored, heard: wire.reports, frames, agentsMax: AGENTS }),
  );
  if (claims.lost > 0) violations.push(`${claims.lost} claims were never stored`);
  console.log(
    `     ${JSON.stringify({ ...figures, accepted: accepted.length, reports: stored.length, claims: claims.stored })}`,
  );
  for (const violation of violations) console.log(`     BROKEN ${violation}`);
  if (violations.length > 0) {
    for (const { name, output } of [...cluster.pulses, ...cluster.reverbs])
      console.log(`--- ${name}\n${output}`);
  }
  return violations.length === 0;
}

/** Beats flow again, none missing, each healthy. */
async function recovered(judge: () => WireVerdict): Promise<void> {
  await until(
    () => {
      const last = judge().accepted.slice(-HEALTHY_BEATS);
      return (
        last.length === HEALTHY_BEATS &&
        last.every(({ frame }) => frame.metadata.cluster_health === 'healthy')
      );
    },
    { timeoutMs: RECOVER_TIMEOUT_MS, everyMs: 500, describe: 'healthy beats' },
  );
}

/** Everything up to now is summed up. */
async function reported(wire: WireRecorder, judge: () => WireVerdict): Promise<void> {
  const frame = judge().accepted.at(-1)?.frame;
  const due = (frame?.beat_index ?? 0) - (frame?.metadata.bar_length ?? 0);
  await until(
    async () => {
      const stored = await wire.storedReports();
      return stored.some(({ text }) => (JSON.parse(text) as { to_beat: number }).to_beat >= due);
    },
    { timeoutMs: RECOVER_TIMEOUT_MS, everyMs: 500, describe: `the report of beat ${due}` },
  );
}
