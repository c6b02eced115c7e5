import { type backbeat } from '@whoosh/contracts';

/** A report and the life of the cluster in which its window was; beats count anew in each. */
export interface ListedReport {
  readonly stored: backbeat.StoredReport;
  readonly epoch: number;
}

/** Where a page begins: behind this beat of this life, of the newest one when none is named. */
export interface ReportCursor {
  readonly epoch?: number | undefined;
  readonly beat?: number | undefined;
}

/** Whether a report lies behind the cursor; `newestEpoch` is that of the newest report. */
export function isBehind(
  { stored: { report }, epoch }: ListedReport,
  cursor: ReportCursor,
  newestEpoch: number,
): boolean {
  if (cursor.beat === undefined) return true;
  const of = cursor.epoch ?? newestEpoch;
  return epoch < of || (epoch === of && report.from_beat < cursor.beat);
}
