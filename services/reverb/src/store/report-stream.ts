import { windowIdOf } from '@whoosh/backbeat-sdk/rules';
import { backbeat } from '@whoosh/contracts';
import { isBehind, type ListedReport, type ReportCursor } from '../domain/report-cursor.ts';
import { EPOCH_HEADER, epochOf } from '../report-writer.ts';
import { type ReportSource, type SourceMessage } from './report-source.ts';

/** Places of the stream that the first step back takes, for each report that is asked for; every further one takes twice as many. */
const STEP_PER_REPORT = 2;
const STEP_MAX = 65_536;

/** The reports as the stream has them, for seven days: the arbiter, and the only source without a database. */
export class ReportStream {
  readonly #source: ReportSource;
  readonly #clusterId: string;

  constructor(source: ReportSource, clusterId: string) {
    this.#source = source;
    this.#clusterId = clusterId;
  }

  async get(windowId: string): Promise<backbeat.StoredReport | undefined> {
    const message = await this.#source.get(windowId);
    return message && this.#read(message)?.stored;
  }

  /** Newest first, as they were stored, back to the stream's beginning. */
  async list(limit: number, cursor: ReportCursor): Promise<ListedReport[]> {
    const { first, last } = await this.#source.bounds();
    const before = await this.#resolve(cursor, first, last);
    const reports: ListedReport[] = [];
    let end = (await this.#placeOf(before)) ?? last + 1;
    let step = limit * STEP_PER_REPORT;
    while (end > first && reports.length < limit) {
      const start = Math.max(first, end - step);
      const older = await this.#readBack(start, end, limit - reports.length, before);
      reports.push(...older);
      end = start;
      step = Math.min(STEP_MAX, step * 2);
    }
    return reports;
  }

  /** Who names no life means the newest. */
  async #resolve(cursor: ReportCursor, first: number, last: number): Promise<ReportCursor> {
    if (cursor.beat === undefined || cursor.epoch !== undefined) return cursor;
    let step = STEP_PER_REPORT;
    for (let end = last + 1; end > first; step = Math.min(STEP_MAX, step * 2)) {
      const start = Math.max(first, end - step);
      const [newest] = await this.#readBack(start, end, 1, {});
      if (newest !== undefined) return { ...cursor, epoch: newest.epoch };
      end = start;
    }
    return cursor;
  }

  /** Where the window lies behind which a page begins, so that what is newer need not be read again. */
  async #placeOf({ epoch, beat }: ReportCursor): Promise<number | undefined> {
    if (epoch === undefined || beat === undefined) return undefined;
    return (await this.#source.get(windowIdOf(this.#clusterId, epoch, beat)))?.sequence;
  }

  /** The newest of a part of the stream, newest first. */
  async #readBack(start: number, end: number, limit: number, before: ReportCursor): Promise<ListedReport[]> {
    let found: ListedReport[] = [];
    for await (const message of this.#source.read(start, end)) {
      const listed = this.#read(message);
      if (listed === undefined || !isBehind(listed, before, before.epoch ?? 0)) continue;
      found.push(listed);
      if (found.length >= 2 * limit) found = found.slice(-limit);
    }
    return found.slice(-limit).toReversed();
  }

  #read(message: SourceMessage): ListedReport | undefined {
    const report = backbeat.BarReport.safeParse(parsed(message.data));
    if (!report.success) return undefined;
    const stored = {
      cluster_id: this.#clusterId,
      report: report.data,
      recorded_at: message.storedAt.toISOString(),
    };
    return { stored, epoch: epochOf(message.header(EPOCH_HEADER)) };
  }
}

function parsed(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data)) as unknown;
  } catch {
    return undefined;
  }
}
