import { randomUUID } from 'node:crypto';
import { type Bus } from '@whoosh/bus';
import { type CloudEvent, tasks } from '@whoosh/contracts';
import { taskView } from '@whoosh/contracts/testing';
import { type DB, transaction } from '@whoosh/db';
import { Registry } from '@whoosh/telemetry';
import { quietLog, type TestNats } from '@whoosh/testkit';
import { Hlc } from 'hlc-ts';
import { type Kysely } from 'kysely';
import { LifeLog, OutboxRelay } from '../src/index.ts';
import { openSurroundings, type Surroundings } from '../src/testing/index.ts';

/** A database, a broker and a monitor's outbox between them. */
export class OutboxWorld implements AsyncDisposable {
  readonly nats: TestNats;
  readonly bus: Bus;
  readonly db: Kysely<DB>;
  readonly databaseUrl: string;
  readonly lives: LifeLog;
  readonly #resources: AsyncDisposableStack;

  private constructor({ nats, bus, db, databaseUrl, resources }: Surroundings) {
    this.nats = nats;
    this.bus = bus;
    this.db = db;
    this.databaseUrl = databaseUrl;
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
    const streams = ['WHOOSH_EVENTS', 'WHOOSH_DEAD'] as const;
    return new OutboxWorld(await openSurroundings({ service: 'monitor', streams, profile: 'beat' }));
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
      // Not read by its contract once more: a test tells of a revision that there cannot be.
      data: { ...taskView({ id, ...more }), revision },
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
