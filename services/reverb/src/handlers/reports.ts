import { type backbeat } from '@whoosh/contracts';
import { type ReportCursor } from '../domain/report-cursor.ts';
import { type Reverb } from '../reverb.ts';
import { fromStores } from './windows.ts';

export interface ReportPage {
  readonly items: backbeat.StoredReport[];
  readonly next_before_beat: number | null;
  readonly next_before_epoch: number | null;
}

/** `backbeat.v1.call.report.list`: reports, newest first, through the lives of the cluster. */
export async function listReports(reverb: Reverb, limit: number, before: ReportCursor): Promise<ReportPage> {
  const { store, clusterId } = reverb.options;
  const listed = await fromStores(
    reverb,
    () => store?.reports.list(clusterId, limit, before),
    () => reverb.stream.list(limit, before),
  );
  const last = listed.length === limit ? listed.at(-1) : undefined;
  return {
    items: listed.map(({ stored }) => stored),
    next_before_beat: last?.stored.report.from_beat ?? null,
    next_before_epoch: last?.epoch ?? null,
  };
}
