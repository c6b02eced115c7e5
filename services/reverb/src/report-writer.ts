import { type Bus, StoreRefused } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { type Backoff, backoffMs } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { listPromises } from './domain/promise-list.ts';
import { type OpenPromise } from './domain/promises.ts';
import { type ClosedWindow } from './domain/window-book.ts';

/** Headers of a stored report: what the projection needs beside the report itself. */
export const EPOCH_HEADER = 'Backbeat-Epoch';
export const PROMISES_HEADER = 'Backbeat-Open-Promises';
/**
 * Open promises travel with the report up to this size, with the number of all of them: the stream republishes headers
 * too, to every agent. The checkpoint has them all.
 */
const PROMISES_CHARACTERS_MAX = 8_192;
/**
 * Reports that wait for the stream; beyond that the windows are read again later. Only the reports wait, at most some ten
 * kilobytes each, not what their windows knew of every agent.
 */
export const REPORTS_WAITING_MAX = 1_000;

const RETRY: Backoff = { baseMs: 50, maxMs: 2_000 };
const STORE_TIMEOUT_MS = 2_000;

/** What is left of a closed window until its report is stored. */
export interface WaitingReport extends Pick<ClosedWindow, 'marker' | 'report'> {
  readonly promises: string | undefined;
}

export interface ReportWriterOptions {
  readonly bus: Bus;
  readonly clusterId: string;
  readonly log: Log;
  /** The report is in the stream, by this replica or another. */
  readonly onStored: (stored: Pick<ClosedWindow, 'marker' | 'report'>, outcome: 'stored' | 'exists') => void;
}

/** Stores reports in the order of their windows. The first report of a window wins, whichever replica stored it. */
export class ReportWriter {
  readonly #options: ReportWriterOptions;
  readonly #waiting: WaitingReport[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(options: ReportWriterOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Throws when too many are waiting: whoever reads windows has to stop. */
  put({ marker, report, openPromises }: Pick<ClosedWindow, 'marker' | 'report' | 'openPromises'>): void {
    if (this.#waiting.length >= REPORTS_WAITING_MAX) throw new Error('too many reports wait to be stored');
    this.#waiting.push({ marker, report, promises: promisesHeader(openPromises) });
    this.#wake.resolve();
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#wake.resolve();
    signal.addEventListener('abort', stop, { once: true });
    let failures = 0;
    while (!signal.aborted) {
      const [first] = this.#waiting;
      if (first === undefined) {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers<void>();
        if (signal.aborted) this.#wake.resolve();
        continue;
      }
      try {
        const outcome = await this.#store(first);
        this.#waiting.shift();
        failures = 0;
        this.#options.onStored(first, outcome);
      } catch (cause) {
        failures += 1;
        this.#options.log.warn(
          { err: cause, window: first.report.window_id, failures },
          'a report could not be stored yet',
        );
        await pause(backoffMs(RETRY, failures, Math.random()), signal);
      }
    }
    signal.removeEventListener('abort', stop);
  }

  async #store({ report, marker, promises }: WaitingReport): Promise<'stored' | 'exists'> {
    const { bus, clusterId } = this.#options;
    const subject = backbeat.storedReports.subject.at({ cluster: clusterId, window: report.window_id });
    const headers = { [EPOCH_HEADER]: String(marker.epoch), [PROMISES_HEADER]: promises };
    try {
      const { duplicate } = await bus.store(subject, report, {
        id: `${clusterId}:${report.window_id}`,
        headers,
        timeoutMs: STORE_TIMEOUT_MS,
      });
      return duplicate ? 'exists' : 'stored';
    } catch (cause) {
      if (cause instanceof StoreRefused && cause.reason === 'exists') return 'exists';
      throw cause;
    }
  }
}

/** The life of the cluster in which a window was, from the header of its report; 0 when nobody said. */
export function epochOf(header: string | undefined): number {
  const epoch = Number(header ?? 0);
  return Number.isSafeInteger(epoch) && epoch > 0 ? epoch : 0;
}

/** Undefined when there are none. */
function promisesHeader(open: readonly OpenPromise[]): string | undefined {
  return open.length === 0 ? undefined : JSON.stringify(listPromises(open, PROMISES_CHARACTERS_MAX));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
