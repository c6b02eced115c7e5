import { backbeat } from '@whoosh/contracts';
import { type BarReports, type Database } from '@whoosh/db';
import { type Kysely, type Selectable, sql } from 'kysely';
import { type PromiseList } from '../domain/promise-list.ts';
import { type ListedReport, type ReportCursor } from '../domain/report-cursor.ts';

/** Reports are kept so long, by the time they were stored in the stream. */
export const REPORTS_KEPT_DAYS = 90;
const DAY_MS = 86_400_000;

/** What was recorded before this is deleted, what was recorded at it or later is kept. */
export function keptSince(nowMs: number): Date {
  return new Date(nowMs - REPORTS_KEPT_DAYS * DAY_MS);
}

export interface ProjectedReport {
  readonly clusterId: string;
  readonly epoch: number;
  readonly report: backbeat.BarReport;
  readonly openPromises: PromiseList;
  readonly streamSequence: number;
  readonly recordedAt: Date;
}

/** `bar_reports`, the projection of the report stream. Reverb is its only writer. */
export class ReportStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** A window is reported once; a message that is delivered twice changes nothing. */
  async record(projected: ProjectedReport): Promise<void> {
    await this.#db
      .insertInto('bar_reports')
      .values(toRow(projected))
      .onConflict((conflict) => conflict.column('window_id').doNothing())
      .execute();
  }

  async get(clusterId: string, windowId: string): Promise<backbeat.StoredReport | undefined> {
    const row = await this.#db
      .selectFrom('bar_reports')
      .selectAll()
      .where('cluster_id', '=', clusterId)
      .where('window_id', '=', windowId)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  /** Newest first, of the newest life of the cluster first. */
  async list(clusterId: string, limit: number, before: ReportCursor): Promise<ListedReport[]> {
    const ofCluster = this.#db.selectFrom('bar_reports').where('cluster_id', '=', clusterId);
    let query = ofCluster.selectAll();
    if (before.beat !== undefined) {
      const beat = String(before.beat);
      const epoch =
        before.epoch === undefined
          ? ofCluster.select(({ fn }) => fn.max('epoch').as('newest'))
          : sql<string>`${String(before.epoch)}::bigint`;
      query = query.where((eb) =>
        eb.or([eb('epoch', '<', epoch), eb.and([eb('epoch', '=', epoch), eb('from_beat', '<', beat)])]),
      );
    }
    const rows = await query.orderBy('epoch', 'desc').orderBy('from_beat', 'desc').limit(limit).execute();
    return rows.map((row) => ({ stored: fromRow(row), epoch: Number(row.epoch) }));
  }

  /** Deletes the oldest of those that were recorded before, at most so many at once; tells how many. */
  async deleteOlderThan(before: Date, rowsMax: number): Promise<number> {
    const { numDeletedRows } = await this.#db
      // Chosen once: as a part of the condition they could be chosen anew for each row, and more than these.
      .with(
        (cte) => cte('old').materialized(),
        (db) =>
          db
            .selectFrom('bar_reports')
            .select('window_id')
            .where('recorded_at', '<', before)
            .orderBy('recorded_at')
            .limit(rowsMax)
            // A replica that sweeps at the same time takes others.
            .forUpdate()
            .skipLocked(),
      )
      .deleteFrom('bar_reports')
      .using('old')
      .whereRef('bar_reports.window_id', '=', 'old.window_id')
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}

// Rows and messages stay apart on purpose: a column may be renamed without breaking the wire, and
// pg hands int8 over as text because a number would lose digits.
function toRow({ clusterId, epoch, report, openPromises, streamSequence, recordedAt }: ProjectedReport) {
  return {
    window_id: report.window_id,
    cluster_id: clusterId,
    epoch,
    from_beat: report.from_beat,
    to_beat: report.to_beat,
    agents_reporting: report.agents_reporting,
    on_time_reviews: report.on_time_reviews,
    help_promises_fulfilled: report.help_promises_fulfilled,
    secret_rotations_ok: report.secret_rotations_ok,
    tempo_drift_ms: report.tempo_drift_ms,
    issues: JSON.stringify(report.issues),
    open_promises: JSON.stringify(openPromises),
    stream_sequence: streamSequence,
    recorded_at: recordedAt,
  };
}

function fromRow(row: Selectable<BarReports>): backbeat.StoredReport {
  const report = backbeat.BarReport.parse({
    type: 'backbeat.barreport.v1',
    window_id: row.window_id,
    from_beat: Number(row.from_beat),
    to_beat: Number(row.to_beat),
    agents_reporting: row.agents_reporting,
    on_time_reviews: row.on_time_reviews,
    help_promises_fulfilled: row.help_promises_fulfilled,
    secret_rotations_ok: row.secret_rotations_ok,
    tempo_drift_ms: row.tempo_drift_ms,
    issues: row.issues,
  });
  return { cluster_id: row.cluster_id, report, recorded_at: row.recorded_at.toISOString() };
}
