import { type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { backbeat, STREAMS } from '@whoosh/contracts';

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
    return message === null ? undefined : this.#read(message);
  }

  /** Newest first. */
  async list(limit: number, beforeBeat: number | undefined): Promise<backbeat.StoredReport[]> {
    const { state } = await this.#jsm.streams.info(STREAM);
    const reports: backbeat.StoredReport[] = [];
    const last = Math.max(state.first_seq, state.last_seq - LOOKED_AT_MAX + 1);
    for (let seq = state.last_seq; seq >= last && seq > 0 && reports.length < limit; seq -= 1) {
      const message = await this.#jsm.streams.getMessage(STREAM, { seq });
      if (message === null) continue;
      const stored = this.#read(message);
      if (stored !== undefined && (beforeBeat === undefined || stored.report.from_beat < beforeBeat))
        reports.push(stored);
    }
    return reports;
  }

  #read(message: StoredMsg): backbeat.StoredReport | undefined {
    if (!message.subject.startsWith(`backbeat.${this.#clusterId}.`)) return undefined;
    const report = backbeat.BarReport.safeParse(parsed(message));
    return report.success
      ? { cluster_id: this.#clusterId, report: report.data, recorded_at: message.time.toISOString() }
      : undefined;
  }
}

function parsed(message: StoredMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
