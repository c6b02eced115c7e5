import { setTimeout as wait } from 'node:timers/promises';
import { bury, type Bus, isAway, StoreRefused } from '@whoosh/bus';
import { type DB, Duty } from '@whoosh/db';
import { backoffMs } from '@whoosh/stdx';
import { type Log, type Registry } from '@whoosh/telemetry';
import { type Kysely, sql } from 'kysely';
import { OutboxMetrics } from './metrics.ts';
import { OutboxListener } from './outbox-listener.ts';
import { outboxChannel, type OutboxService, outboxTable, processedTable } from './tables.ts';

export interface OutboxRelayOptions {
  readonly service: OutboxService;
  readonly db: Kysely<DB>;
  readonly databaseUrl: { reveal(): string } | string;
  readonly bus: Bus;
  readonly log: Log;
  readonly registry: Registry;
  /** Rows per look. */
  readonly batchMax?: number;
}

const BATCH_MAX_DEFAULT = 200;
/** Without a word from the database a relay looks this often; whoever has no duty asks for it as often. */
const LOOK_EVERY_MS = 1_000;
const RETRY = { baseMs: 100, maxMs: 5_000 };
const SWEEP_EVERY_MS = 600_000;
/** Published events stay this long, for whoever asks what was said. */
const PUBLISHED_KEPT_DAYS = 7;
const SWEEP_ROWS_MAX = 5_000;

interface Row {
  readonly id: string;
  readonly subject: string;
  readonly headers: unknown;
  readonly body: unknown;
}

/**
 * Publishes what the transactions of a service have written, in the order written, at least once; the stream drops
 * what it has already (`Nats-Msg-Id` = event id). One relay per service works at a time, the others stand by.
 */
export class OutboxRelay {
  readonly #options: OutboxRelayOptions;
  readonly #metrics: OutboxMetrics;
  readonly #url: string;
  /** Stored by the stream, and not yet known to be so by the rows. */
  #unmarked: string[] = [];
  #lagSeconds = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #wakeUp: () => void = () => undefined;
  #isWoken = false;

  constructor(options: OutboxRelayOptions) {
    this.#options = options;
    this.#metrics = new OutboxMetrics(options.registry);
    const { databaseUrl } = options;
    this.#url = typeof databaseUrl === 'string' ? databaseUrl : databaseUrl.reveal();
  }

  /** Age of the oldest unpublished event at the last look, in seconds; 0 when there is none. */
  lagSeconds(): number {
    return this.#lagSeconds;
  }

  /** Looks now instead of soon. */
  wake(): void {
    this.#isWoken = true;
    this.#wakeUp();
  }

  /** Works until the signal aborts; outlives every outage of database and broker. */
  async run(signal: AbortSignal): Promise<void> {
    const { service, log } = this.#options;
    await using duty = new Duty({ url: { reveal: () => this.#url }, name: `${service} outbox`, log });
    await using listener = new OutboxListener({
      url: this.#url,
      channel: outboxChannel(service),
      onRow: () => this.wake(),
      log,
    });
    signal.addEventListener('abort', () => this.wake());
    for (let failures = 0; !signal.aborted;) {
      try {
        const isMore = await this.#look(duty, listener);
        failures = 0;
        if (!isMore) await this.#rest(signal);
      } catch (cause) {
        failures += 1;
        const waitMs = backoffMs(RETRY, failures, Math.random());
        const sentence = 'events are not published at the moment, will try again';
        if (isAway(cause)) log.warn({ err: cause, wait_ms: waitMs }, sentence);
        else log.error({ err: cause, wait_ms: waitMs }, sentence);
        await wait(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** One batch, when the duty is ours; true when there may be more. */
  async #look(duty: Duty, listener: OutboxListener): Promise<boolean> {
    const { batchMax = BATCH_MAX_DEFAULT } = this.#options;
    if (!(await duty.held())) {
      await this.#measureLag();
      return false;
    }
    await listener.listen();
    // First what an outage of the database kept from being marked: the stream remembers ids for minutes, we for longer.
    await this.#mark();
    const rows = await this.#unpublished(batchMax);
    await this.#publishAll(rows);
    await this.#measureLag();
    await this.#sweep();
    return rows.length === batchMax;
  }

  async #rest(signal: AbortSignal): Promise<void> {
    if (!this.#isWoken && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, LOOK_EVERY_MS);
      this.#wakeUp = resolve;
      await promise;
      clearTimeout(timer);
    }
    this.#isWoken = false;
  }

  async #unpublished(batchMax: number): Promise<Row[]> {
    return await this.#options.db
      .selectFrom(outboxTable(this.#options.service))
      .select(['id', 'subject', 'headers', 'body'])
      .where('published_at', 'is', null)
      .orderBy('seq')
      .limit(batchMax)
      .execute();
  }

  /** One after the other: the stream's order is the order of the rows. What was published is marked even if the next fails. */
  async #publishAll(rows: readonly Row[]): Promise<void> {
    try {
      for (const row of rows) {
        await this.#publish(row);
        this.#unmarked.push(row.id);
      }
    } finally {
      await this.#mark();
    }
  }

  async #publish(row: Row): Promise<void> {
    const { bus } = this.#options;
    const headers = row.headers as Record<string, string>;
    try {
      const { duplicate } = await bus.store(row.subject, row.body, { id: row.id, headers });
      this.#metrics.published.inc({ outcome: duplicate ? 'duplicate' : 'stored' });
    } catch (cause) {
      if (!(cause instanceof StoreRefused) || cause.reason !== 'too_large') throw cause;
      await this.#buryTooLarge(row, headers, cause);
    }
  }

  /** It will never fit: told to the operator without its body, which stays in the table; the rest goes on. */
  async #buryTooLarge(row: Row, headers: Record<string, string>, cause: StoreRefused): Promise<void> {
    const { bus, service, log } = this.#options;
    const bytes = Buffer.byteLength(JSON.stringify(row.body));
    log.error(
      { err: cause, event: row.id, subject: row.subject, bytes },
      'event too large, it is a dead letter now',
    );
    await bury((subject, body, options) => bus.store(subject, body, options), {
      consumer: `${service}-outbox`,
      subject: row.subject,
      headers,
      body: new TextEncoder().encode(JSON.stringify({ id: row.id, bytes, table: outboxTable(service) })),
      reason: cause.message,
      attempts: 1,
      key: row.id,
    });
    this.#metrics.published.inc({ outcome: 'too_large' });
  }

  async #mark(): Promise<void> {
    if (this.#unmarked.length === 0) return;
    await this.#options.db
      .updateTable(outboxTable(this.#options.service))
      .set({ published_at: sql<Date>`now()` })
      .where('id', 'in', this.#unmarked)
      .where('published_at', 'is', null)
      .execute();
    this.#unmarked = [];
  }

  async #measureLag(): Promise<void> {
    const { lag } = await this.#options.db
      .selectFrom(outboxTable(this.#options.service))
      .select(sql<number | null>`extract(epoch from now() - min(created_at))::float8`.as('lag'))
      .where('published_at', 'is', null)
      .executeTakeFirstOrThrow();
    this.#lagSeconds = lag ?? 0;
    this.#metrics.lagSeconds.set(this.#lagSeconds);
  }

  /** Forgets old rows, some at a time: now and then, and with every look while there are more. */
  async #sweep(): Promise<void> {
    if (performance.now() - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = performance.now();
    const { db, service } = this.#options;
    const outbox = sql.table(outboxTable(service));
    const published = await sql`
      delete from ${outbox} where id in (
        select id from ${outbox} where published_at < now() - make_interval(days => ${PUBLISHED_KEPT_DAYS})
        limit ${SWEEP_ROWS_MAX}
      )`.execute(db);
    const processed = sql.table(processedTable(service));
    const expired = await sql`
      delete from ${processed} where key in (
        select key from ${processed} where expires_at < now() limit ${SWEEP_ROWS_MAX}
      )`.execute(db);
    const forgotten = [published, expired].map(({ numAffectedRows }) => Number(numAffectedRows ?? 0));
    if (Math.max(...forgotten) >= SWEEP_ROWS_MAX) this.#sweptAt = Number.NEGATIVE_INFINITY;
  }
}
