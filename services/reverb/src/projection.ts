import { AckPolicy, type JsMsg } from '@nats-io/jetstream';
import { type Bus } from '@whoosh/bus';
import { backbeat, STREAMS } from '@whoosh/contracts';
import { type Backoff, backoffMs } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type Broken } from './domain/entry.ts';
import { NO_PROMISES, type PromiseList, readPromiseList } from './domain/promise-list.ts';
import { EPOCH_HEADER, epochOf, PROMISES_HEADER } from './report-writer.ts';
import { Sweep } from './report-sweep.ts';
import { type ReportStore } from './store/reports.ts';

const STREAM = STREAMS.BACKBEAT_REPORTS.name;
const ACK_WAIT_MS = 30_000;
const RETRY: Backoff = { baseMs: 200, maxMs: 10_000 };
/** Data exceptions and broken constraints (PostgreSQL, appendix A): the same row is refused as often as it is tried. */
const ROW_AT_FAULT = /^2[23]...$/;

export interface ProjectionOptions {
  readonly bus: Bus;
  readonly clusterId: string;
  readonly store: ReportStore;
  readonly log: Log;
  readonly onState: (state: 'connected' | 'away') => void;
  /** A stored report that is left aside; counted and said at a bounded rate by whoever is told. */
  readonly onBroken: (broken: Broken) => void;
}

/**
 * Copies the report stream into `bar_reports`, report by report. While the database is away it waits, as long as
 * it takes: the stream keeps seven days. Replicas share one durable consumer; a row written twice is one row. Beside each
 * report that is copied some of those that are too old go.
 */
export async function runProjection(options: ProjectionOptions, signal: AbortSignal): Promise<void> {
  const { bus, clusterId } = options;
  const name = `reverb-reports-${clusterId}`;
  await bus.jsm.consumers.add(STREAM, {
    durable_name: name,
    filter_subject: backbeat.storedReports.subject.at({ cluster: clusterId, window: 'x' }).replace(/x$/, '*'),
    ack_policy: AckPolicy.Explicit,
    ack_wait: ACK_WAIT_MS * 1_000_000,
    max_deliver: -1,
  });
  const messages = await (await bus.js.consumers.get(STREAM, name)).consume({ max_messages: 100 });
  const stop = (): void => messages.stop();
  signal.addEventListener('abort', stop, { once: true });
  const sweep = new Sweep(options);
  try {
    for await (const message of messages) {
      await project(message, options, signal);
      if (signal.aborted) break;
      await sweep.step();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    await messages.close();
  }
}

async function project(
  message: JsMsg,
  { clusterId, store, log, onState, onBroken }: ProjectionOptions,
  signal: AbortSignal,
): Promise<void> {
  const report = backbeat.BarReport.safeParse(parse(message.data));
  if (!report.success) {
    log.debug({ subject: message.subject, sequence: message.seq }, 'a stored report breaks its contract');
    onBroken({ what: 'report', reason: 'schema' });
    message.term('not a report');
    return;
  }
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      await store.record({
        clusterId,
        epoch: epochOf(message.headers?.get(EPOCH_HEADER)),
        report: report.data,
        openPromises: promisesOf(message),
        streamSequence: message.seq,
        recordedAt: new Date(Date.parse(message.timestamp)),
      });
      onState('connected');
      message.ack();
      return;
    } catch (cause) {
      if (isRowAtFault(cause)) {
        // It stays readable in the stream; what comes behind it must not wait for it for ever.
        log.debug(
          { err: cause, subject: message.subject, sequence: message.seq },
          'a report cannot be a row',
        );
        onBroken({ what: 'report', reason: 'no_row' });
        message.term('not a row');
        return;
      }
      onState('away');
      log.warn({ err: cause, attempt }, 'a report could not be written to the database yet');
      message.working();
      await pause(backoffMs(RETRY, attempt, Math.random()), signal);
    }
  }
}

function isRowAtFault(cause: unknown): boolean {
  return ROW_AT_FAULT.test(String((cause as { code?: unknown } | null)?.code));
}

function promisesOf(message: JsMsg): PromiseList {
  const text = message.headers?.get(PROMISES_HEADER) ?? '';
  if (text === '') return NO_PROMISES;
  return readPromiseList(parse(new TextEncoder().encode(text))) ?? NO_PROMISES;
}

function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data)) as unknown;
  } catch {
    return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
