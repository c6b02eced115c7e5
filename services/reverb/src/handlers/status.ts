import { type backbeat } from '@whoosh/contracts';
import { type Reverb } from '../reverb.ts';
import { openWindow } from './windows.ts';

/** `backbeat.v1.call.reverb.status`: how this replica is. */
export function statusOf(reverb: Reverb): backbeat.ReverbStatus {
  const { clusterId, node, listener } = reverb.options;
  const open = openWindow(reverb);
  const [last] = reverb.recent.all;
  const lag = reverb.session?.lag ?? 0;
  return {
    cluster: clusterId,
    node,
    beat_index: listener.currentBeat()?.index ?? null,
    open_window: open?.summary ?? null,
    claims_per_second: reverb.tally.claimsPerSecond,
    agents: open?.summary.agents_reporting ?? last?.report.agents_reporting ?? 0,
    invalid_by_reason: { ...reverb.tally.invalidByReason, ...reverb.tally.brokenByKind },
    lag: Number.isFinite(lag) ? lag : 0,
    last_report: last?.report ?? null,
    database: reverb.database,
    slo: reverb.objectivesMet(),
    uptime_seconds: (reverb.clock.nowMs() - reverb.startedAtMs) / 1_000,
  };
}
