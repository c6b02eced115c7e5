import { randomUUID } from 'node:crypto';
import { type Bus, connectBus } from '@whoosh/bus';
import { type CloudEvent, tasks } from '@whoosh/contracts';
import { type DB, openDatabase, transaction } from '@whoosh/db';
import { Registry } from '@whoosh/telemetry';
import { cloneDatabase, quietLog, startNats, type TestNats } from '@whoosh/testkit';
import { Hlc } from 'hlc-ts';
import { type Kysely } from 'kysely';
import { LifeLog, OutboxRelay } from '../src/index.ts';

const HASH = 'a'.repeat(64);
const TIME = '2026-01-02T03:04:05.678Z';

export function taskView(id: string, revision: number, more: { title?: string; body_excerpt?: string } = {}) {
  return {
    id,
    source_type: 'gitea',
    external_id: `1#${id}`,
    repository_id: null,
    repository: null,
    number: null,
    title: 'a task',
    body_excerpt: '',
    body_sha256: HASH,
    body_truncated: false,
    url: null,
    labels: [],
    assignees: [],
    author: null,
    kind: 'work',
    issue_state: 'open',
    status: 'open',
    priority: 'medium',
    attempt: 1,
    council_id: null,
    assigned_team_id: null,
    content_revision: HASH,
    removed_at: null,
    revision,
    created_at: TIME,
    updated_at: TIME,
    ...more,
  } as const;
}

/** A database, a broker and a monitor's outbox between them. */
export class OutboxWorld implements AsyncDisposable {
  readonly nats: TestNats;
  readonly bus: Bus;
  readonly db: Kysely<DB>;
  readonly databaseUrl: string;
  readonly lives: LifeLog;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    parts: { nats: TestNats; bus: Bus; db: Kysely<DB>; url: string },
    resources: AsyncDisposableStack,
  ) {
    this.nats = parts.nats;
    this.bus = parts.bus;
    this.db = parts.db;
    this.databaseUrl = parts.url;
    this.#resources = resources;
    const hlc = new Hlc({ physicalMs: () => Date.now(), node: 7 });
    this.lives = new LifeLog({
      service: 'monitor',
      clock: { now: () => Date.now() },
      hlc,
      newId: randomUUID,
    });
  }

  static async start(): Promise<OutboxWorld> {
    const resources = new AsyncDisposableStack();
    const nats = resources.use(await startNats());
    const { url } = resources.use(await cloneDatabase());
    const db = openDatabase(
      {
        url: { reveal: () => url },
        maxConns: 8,
        maxIdleConns: 8,
        lifetimeMs: 60_000,
        idleTimeMs: 60_000,
        logLevel: 'none',
      },
      { service: 'monitor', log: quietLog(), registry: new Registry() },
    );
    resources.defer(() => db.destroy());
    const bus = resources.use(
      await connectBus({
        servers: nats.url,
        service: 'monitor',
        profile: 'beat',
        log: quietLog(),
        registry: new Registry(),
      }),
    );
    await bus.ensureStreams(['WHOOSH_EVENTS', 'WHOOSH_DEAD']);
    return new OutboxWorld({ nats, bus, db, url }, resources);
  }

  /** A relay at work; disposing stops it. */
  relay(registry = new Registry()): { relay: OutboxRelay } & AsyncDisposable {
    const { db, databaseUrl, bus } = this;
    const relay = new OutboxRelay({
      service: 'monitor',
      db,
      databaseUrl,
      bus,
      log: quietLog(),
      registry,
      batchMax: 10,
    });
    const stop = new AbortController();
    const ended = relay.run(stop.signal);
    return {
      relay,
      async [Symbol.asyncDispose]() {
        stop.abort();
        await ended;
      },
    };
  }

  /** One change of a task, committed. */
  change(
    id: string,
    revision: number,
    more: { title?: string; body_excerpt?: string } = {},
  ): Promise<string> {
    return transaction(this.db, (trx) => this.record(trx, id, revision, more));
  }

  record(
    trx: Parameters<LifeLog['record']>[0],
    id: string,
    revision: number,
    more: { title?: string; body_excerpt?: string } = {},
  ): Promise<string> {
    return this.lives.record(trx, tasks.taskChanged, {
      lifeId: id,
      revision,
      data: { ...taskView(id, revision, more), labels: [], assignees: [] },
      change: { from: 'open', to: 'open', reason: 'changed', by: 'test' },
      input: { revision },
    });
  }

  /** Everything the stream holds, in its order. */
  async published(): Promise<CloudEvent<{ title: string }>[]> {
    const { state } = await this.bus.jsm.streams.info('WHOOSH_EVENTS');
    const events: CloudEvent<{ title: string }>[] = [];
    for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq += 1) {
      events.push(
        (await this.bus.jsm.streams.getMessage('WHOOSH_EVENTS', { seq }))?.json() as CloudEvent<{
          title: string;
        }>,
      );
    }
    return events;
  }

  async unpublished(): Promise<number> {
    const { count } = await this.db
      .selectFrom('monitor_outbox')
      .select(({ fn }) => fn.countAll<string>().as('count'))
      .where('published_at', 'is', null)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
