import { type backbeat } from '@whoosh/contracts';
import { type Reverb } from '../reverb.ts';
import { fromStores } from './windows.ts';

export interface ReportPage {
  readonly items: backbeat.StoredReport[];
  readonly next_before_beat: number | null;
}

/** `backbeat.v1.call.report.list`: reports, newest first. */
export async function listReports(
  reverb: Reverb,
  limit: number,
  beforeBeat: number | undefined,
): Promise<ReportPage> {
  const { store, clusterId } = reverb.options;
  const items = await fromStores(
    reverb,
    () => store?.reports.list(clusterId, limit, beforeBeat),
    () => reverb.stream.list(limit, beforeBeat),
  );
  const last = items.length === limit ? items.at(-1) : undefined;
  return { items, next_before_beat: last?.report.from_beat ?? null };
}
