import { setTimeout as wait } from 'node:timers/promises';
import { type backbeat } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import { type ServiceProcess } from './service-process.ts';

/** The last figures of a fleet that was told to end. */
export interface FleetEnd {
  readonly sent: number;
  readonly stored: number;
  readonly lost: number;
  readonly held: number;
}

/** Ends a fleet when all that it said is stored or given up, and gives what it counted. */
export async function endFleet(fleet: ServiceProcess): Promise<FleetEnd> {
  await fleet.stop();
  const line = fleet.output.split('\n').find((text) => text.includes('"the fleet has ended"'));
  if (line === undefined) throw new Error(`a fleet ended without its figures: ${fleet.output}`);
  return JSON.parse(line) as FleetEnd;
}

/** What a reverb says of itself at the end of a window. */
export interface WindowSample {
  readonly atSeconds: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly agents: number;
}

/** One sample per closed window, and the largest memory seen in between. */
export async function sampleWindows(
  reverb: ServiceProcess,
  seconds: number,
): Promise<{ readonly samples: readonly WindowSample[]; readonly rssMaxMb: number }> {
  const samples: WindowSample[] = [];
  const beganMs = performance.now();
  let last = '';
  let rssMaxMb = 0;
  while (performance.now() - beganMs < seconds * 1_000) {
    const metrics = await reverb.metrics();
    const rssMb = megabytes(metrics.get('process_resident_memory_bytes'));
    rssMaxMb = Math.max(rssMaxMb, rssMb);
    const { last_report: report } = await reverb.status<backbeat.ReverbStatus>();
    if (report != null && report.window_id !== last) {
      last = report.window_id;
      samples.push({
        atSeconds: (performance.now() - beganMs) / 1_000,
        rssMb,
        heapMb: megabytes(metrics.get('nodejs_heap_size_used_bytes')),
        agents: report.agents_reporting,
      });
    }
    await wait(500);
  }
  return { samples, rssMaxMb };
}

/** Resolves with its resident memory when a reverb that has nothing to do has settled. */
export async function idleMb(reverb: ServiceProcess): Promise<number> {
  let before = Number.NaN;
  return until(
    async () => {
      const now = megabytes((await reverb.metrics()).get('process_resident_memory_bytes'));
      const isSettled = Math.abs(now - before) < 1;
      before = now;
      return isSettled ? now : undefined;
    },
    { everyMs: 1_000, timeoutMs: 20_000, describe: 'the memory of an idle reverb to settle' },
  );
}

function megabytes(bytes = Number.NaN): number {
  return Math.round(bytes / 2 ** 20);
}
