import { type Change, type CloudEvent, type EventContract } from '@whoosh/contracts';
import { type Clock, sha256Hex, uuidFromHash } from '@whoosh/stdx';
import { traceHeaders } from '@whoosh/telemetry';
import { encodeFull, type Hlc } from 'hlc-ts';
import { sql } from 'kysely';
import * as z from 'zod';
import { jsonText } from './json-text.ts';
import { type Executor, historyTable, outboxChannel, type OutboxService, outboxTable } from './tables.ts';

export interface LifeLogOptions {
  readonly service: OutboxService;
  readonly clock: Clock;
  readonly hlc: Hlc;
  /** Makes event ids: UUIDs, later ones sorting later. */
  readonly newId: () => string;
}

export interface LifeChange<View> {
  readonly lifeId: string;
  /** +1 with each change of this life, counted by its owner in the same transaction. */
  readonly revision: number;
  /** The public view after the change. */
  readonly data: View;
  readonly change: Change;
  /** What made it change, so that the life can be replayed. */
  readonly input?: unknown;
  readonly causationId?: string | undefined;
}

export interface Announcement<Data> {
  /** The last token of the subject: what the event is about. */
  readonly id: string;
  readonly data: Data;
  readonly causationId?: string | undefined;
  /** Makes the event's id depend on this alone, so that a repeat is stored once. */
  readonly dedupeKey?: string | undefined;
}

export interface HistoryRow {
  readonly life: string;
  readonly lifeId: string;
  readonly revision: number;
  readonly at: Date;
  readonly hlc: string;
  readonly by: string;
  readonly reason: string;
  readonly from: string | null;
  readonly to: string;
  readonly input: unknown;
}

const CONTENT_TYPE = 'application/cloudevents+json';
const DATA_TYPE = 'application/json';

/**
 * Writes changes together with the events that tell them: both are rows of the caller's transaction, so there is never
 * one without the other. The relay publishes them later.
 */
export class LifeLog {
  readonly #options: LifeLogOptions;

  constructor(options: LifeLogOptions) {
    this.#options = options;
  }

  /** One change of one life: its history row and its event. Tells the event's id. Throws when the view breaks the contract. */
  async record<Data>(
    trx: Executor,
    event: EventContract<Data>,
    change: LifeChange<Omit<NoInfer<Data>, 'change'>>,
  ): Promise<string> {
    const { service, newId } = this.#options;
    const { lifeId, revision, causationId, input } = change;
    const data = checked(event, { ...change.data, change: change.change });
    const envelope = this.#envelope(event, { id: newId(), subject: lifeId, revision, data, causationId });
    await trx
      .insertInto(historyTable(service))
      .values({
        life: event.noun,
        life_id: lifeId,
        revision,
        at: envelope.time,
        hlc: envelope.hlc,
        by: change.change.by,
        reason: change.change.reason,
        from_state: change.change.from,
        to_state: change.change.to,
        input: input === undefined ? null : sql`${jsonText(input)}::jsonb`,
      })
      .execute();
    await this.#append(trx, event.subject.at({ id: lifeId }), lifeId, envelope);
    return envelope.id;
  }

  /** An event without a life: something seen outside. Said again under the same `dedupeKey`, it is stored once. */
  async announce<Data>(
    trx: Executor,
    event: EventContract<Data>,
    said: Announcement<NoInfer<Data>>,
  ): Promise<string> {
    const { dedupeKey, causationId } = said;
    const id =
      dedupeKey === undefined
        ? this.#options.newId()
        : uuidFromHash(sha256Hex(`${event.type}\n${dedupeKey}`));
    const data = checked(event, said.data);
    const envelope = this.#envelope(event, { id, subject: said.id, revision: 0, data, causationId });
    await this.#append(trx, event.subject.at({ id: said.id }), said.id, envelope);
    return id;
  }

  /** Everything that happened to a life, oldest first. */
  async history(db: Executor, lifeId: string): Promise<HistoryRow[]> {
    const rows = await db
      .selectFrom(historyTable(this.#options.service))
      .selectAll()
      .where('life_id', '=', lifeId)
      .orderBy('life')
      .orderBy('revision')
      .execute();
    return rows.map(({ life_id, from_state, to_state, ...row }) => ({
      ...row,
      lifeId: life_id,
      from: from_state,
      to: to_state,
    }));
  }

  #envelope<Data>(
    event: EventContract<Data>,
    said: { id: string; subject: string; revision: number; data: Data; causationId: string | undefined },
  ): CloudEvent<Data> {
    const { service, clock, hlc } = this.#options;
    const { causationId, ...rest } = said;
    return {
      specversion: '1.0',
      source: `/whoosh/${service}`,
      type: event.type,
      time: new Date(clock.now()).toISOString(),
      datacontenttype: DATA_TYPE,
      dataschema: `${event.type}.schema.json`,
      hlc: encodeFull(hlc.now()),
      ...rest,
      ...traceHeaders(),
      ...(causationId !== undefined && { causationid: causationId }),
    };
  }

  async #append(trx: Executor, subject: string, lifeId: string, envelope: CloudEvent): Promise<void> {
    const { service } = this.#options;
    const headers = { 'content-type': CONTENT_TYPE, ...traceHeaders() };
    await trx
      .insertInto(outboxTable(service))
      .values({
        id: envelope.id,
        subject,
        headers: sql`${jsonText(headers)}::jsonb`,
        body: sql`${jsonText(envelope)}::jsonb`,
        life_id: lifeId,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    // Told with the commit, and only then; many in one transaction are one.
    await sql`select pg_notify(${outboxChannel(service)}, '')`.execute(trx);
  }
}

/** A view that breaks its own contract would be refused by every consumer: better not stored at all. */
function checked<Data>(event: EventContract<Data>, data: unknown): Data {
  const parsed = event.data.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new Error(`the data breaks ${event.type}: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
}
