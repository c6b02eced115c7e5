import { until } from '@whoosh/testkit';
import { noteOf, percentile, type Row, scaled } from '../row.ts';
import { killReverb } from './reverb-kills.ts';
import { type Audit, ReportStage } from './report-stage.ts';

const AGENTS = 10_000;
/** Two cores carry the agents, the broker, reverb and the listeners together. */
const TEMPO_BPM = 30;
const BAR_LENGTH = 2;
const WINDOWS = 65;
/** Until the programs are compiled and the grids are found. */
const WARM_UP_WINDOWS = 5;
const KILLS = 50;
const SEED = 20_240_607;
const DELAY_P99_MAX_MS = 100;

async function delaysAtTenThousand(): Promise<{ delays: number[]; audit: Audit }> {
  await using stage = await ReportStage.open({
    tempoBpm: TEMPO_BPM,
    barLength: BAR_LENGTH,
    agents: scaled(AGENTS),
    seed: SEED,
  });
  await using reverb = await stage.reverb('r1');
  stage.pulse.start();
  const wanted = Math.max(WARM_UP_WINDOWS + 3, scaled(WINDOWS));
  await until(() => stage.ears.windows >= wanted, {
    timeoutMs: wanted * stage.windowMs + 60_000,
    everyMs: 100,
    describe: () => `${wanted} reports, there are ${stage.ears.windows}: ${reverb.output}`,
  });
  const delays = stage.delays().slice(WARM_UP_WINDOWS, wanted);
  await stage.settle();
  return { delays, audit: await stage.audit() };
}

/** What speaks against a run; undefined when every window has its one report, and the right one. */
function fault(what: string, audit: Audit): string | undefined {
  const { lost, doubled, unequal, firstUnequal } = audit;
  if (lost + doubled + unequal === 0) return undefined;
  return `${what}: ${lost} lost, ${doubled} doubled, ${unequal} unlike the recomputation${firstUnequal === undefined ? '' : ` (${firstUnequal})`}`;
}

export const barReports: Row = {
  name: 'B8',
  what: `end of the grace → BarReport heard, ${AGENTS} agents at ${TEMPO_BPM} BPM; reports against an offline recomputation with late, doubled, forged, broken, early and reordered claims; ${KILLS} × SIGKILL in mid-window, half with one replica, half with two`,
  aim: `p99 ≤ ${DELAY_P99_MAX_MS} ms; all reports equal; none lost, none doubled`,
  baseline: 'naive recomputation from the stream',
  async measure() {
    const { delays, audit } = await delaysAtTenThousand();
    const kills = scaled(KILLS);
    const one = await killReverb(Math.ceil(kills / 2), 1, SEED + 1);
    const two = await killReverb(Math.floor(kills / 2), 2, SEED + 2);
    const p99 = percentile(delays, 0.99);
    const faults = [
      fault('undisturbed', audit),
      fault('one replica', one),
      fault('two replicas', two),
      p99 > DELAY_P99_MAX_MS ? `p99 is ${p99} ms` : undefined,
    ];
    return {
      figures: {
        n: delays.length,
        p50_ms: percentile(delays, 0.5),
        p95_ms: percentile(delays, 0.95),
        p99_ms: p99,
        max_ms: percentile(delays, 1),
        kills,
        windows: audit.windows + one.windows + two.windows,
        claims: audit.claims + one.claims + two.claims,
        lost: audit.lost + one.lost + two.lost,
        doubled: audit.doubled + one.doubled + two.doubled,
        unequal: audit.unequal + one.unequal + two.unequal,
      },
      baseline: {
        per_window_ms: Math.round(audit.recomputedMs / audit.windows),
        whole_stream_ms: Math.round(audit.recomputedMs),
      },
      met: faults.every((part) => part === undefined),
      ...noteOf(...faults),
    };
  },
};
