import { type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { backbeat, STREAMS } from '@whoosh/contracts';
import { isBehind, type ListedReport, type ReportCursor } from '../domain/report-cursor.ts';
import { EPOCH_HEADER, epochOf } from '../report-writer.ts';

const STREAM = STREAMS.BACKBEAT_REPORTS.name;
/** Messages that one list looks at: other clusters' reports lie between. */
const LOOKED_AT_MAX = 2_000;

/** The reports as the stream has them, for seven days: the arbiter, and the only source without a database. */
export class ReportStream {
  readonly #jsm: JetStreamManager;
  readonly #clusterId: string;

  constructor(jsm: JetStreamManager, clusterId: string) {
    this.#jsm = jsm;
    this.#clusterId = clusterId;
  }

  async get(windowId: string): Promise<backbeat.StoredReport | undefined> {
    const subject = backbeat.storedReports.subject.at({ cluster: this.#clusterId, window: windowId });
    const message = await this.#jsm.streams.getMessage(STREAM, { last_by_subj: subject });
    return message === null ? undefined : this.#read(message)?.stored;
  }

  /** Newest first, as they were stored. */
  async list(limit: number, before: ReportCursor): Promise<ListedReport[]> {
    const { state } = await this.#jsm.streams.info(STREAM);
    const reports: ListedReport[] = [];
    let newestEpoch: number | undefined;
    const last = Math.max(state.first_seq, state.last_seq - LOOKED_AT_MAX + 1);
    for (let seq = state.last_seq; seq >= last && seq > 0 && reports.length < limit; seq -= 1) {
      const message = await this.#jsm.streams.getMessage(STREAM, { seq });
      const listed = message === null ? undefined : this.#read(message);
      if (listed === undefined) continue;
      newestEpoch ??= listed.epoch;
      if (isBehind(listed, before, newestEpoch)) reports.push(listed);
    }
    return reports;
  }

  #read(message: StoredMsg): ListedReport | undefined {
    if (!message.subject.startsWith(`backbeat.${this.#clusterId}.`)) return undefined;
    const report = backbeat.BarReport.safeParse(parsed(message));
    if (!report.success) return undefined;
    const stored = {
      cluster_id: this.#clusterId,
      report: report.data,
      recorded_at: message.time.toISOString(),
    };
    return { stored, epoch: epochOf(message.header.get(EPOCH_HEADER)) };
  }
}

function parsed(message: StoredMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
