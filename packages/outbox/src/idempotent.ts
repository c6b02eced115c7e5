import { CallError, type Principal } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { sha256Hex } from '@whoosh/stdx';
import { sql, type Transaction } from 'kysely';
import { jsonText } from './json-text.ts';
import { type OutboxService, processedTable } from './tables.ts';

const KEPT_HOURS = 24;

export interface IdempotentCall {
  /** Whose key it is: the same key of another one is another key. */
  readonly principal: Pick<Principal, 'kind' | 'id'> | undefined;
  /** What was asked, such as `team.create`. */
  readonly route: string;
  /** The caller's Idempotency-Key; without one the effect simply happens. */
  readonly key: string | undefined;
  /** SHA-256 of the canonical request. */
  readonly bodyDigest: string;
}

/**
 * Runs `effect` once per key within 24 hours; a repeat gets the reply of the first time. The key is a row of the effect's
 * own transaction: a second caller waits until the first has committed or failed, and what failed may be tried
 * again. The same key with another body is refused (`details.code` = `idempotency_mismatch`).
 */
export async function idempotent<Reply>(
  trx: Transaction<DB>,
  service: OutboxService,
  { principal, route, key, bodyDigest }: IdempotentCall,
  effect: () => Promise<Reply>,
): Promise<Reply> {
  if (key === undefined) return await effect();
  const who = principal === undefined ? 'nobody' : `${principal.kind}:${principal.id}`;
  const rowKey = `idempotency:${sha256Hex(JSON.stringify([who, route, key]))}`;
  const table = processedTable(service);
  if (!(await isFirst(trx, table, rowKey, bodyDigest))) {
    const row = await trx
      .selectFrom(table)
      .select(['digest', 'reply'])
      .where('key', '=', rowKey)
      .executeTakeFirstOrThrow();
    if (row.digest === bodyDigest) return row.reply as Reply;
    throw new CallError('failed_precondition', 'this idempotency key was used with another body', {
      details: { code: 'idempotency_mismatch' },
    });
  }
  const reply = await effect();
  await trx
    .updateTable(table)
    .set({ reply: sql`${jsonText(reply)}::jsonb` })
    .where('key', '=', rowKey)
    .execute();
  return reply;
}

/** Takes the key, or takes an expired one over; waits while another transaction is taking it. */
async function isFirst(
  trx: Transaction<DB>,
  table: ReturnType<typeof processedTable>,
  key: string,
  digest: string,
): Promise<boolean> {
  const expiresAt = sql<Date>`now() + make_interval(hours => ${KEPT_HOURS})`;
  const taken = await trx
    .insertInto(table)
    .values({ key, kind: 'idempotency', digest, expires_at: expiresAt })
    .onConflict((conflict) =>
      conflict
        .column('key')
        .doUpdateSet({ digest, reply: null, at: sql<Date>`now()`, expires_at: expiresAt })
        .where(sql.ref(`${table}.expires_at`), '<=', sql`now()`),
    )
    .returning('key')
    .executeTakeFirst();
  return taken !== undefined;
}
