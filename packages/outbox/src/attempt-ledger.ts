import { type AttemptLedger } from '@whoosh/bus';
import { type DB } from '@whoosh/db';
import { type Kysely, sql } from 'kysely';
import { type OutboxService, processedTable } from './tables.ts';

/** As long as the streams keep a message that may come again. */
const KEPT_DAYS = 30;

const keyOf = (consumer: string, key: string) => `attempts:${consumer}:${key}`;

/** Counts failed attempts in `<service>_processed`, so that a restart forgets none. */
export function attemptLedger(db: Kysely<DB>, service: OutboxService): AttemptLedger {
  const table = processedTable(service);
  return {
    async failed(consumer, key) {
      const { attempts } = await db
        .insertInto(table)
        .values({
          key: keyOf(consumer, key),
          kind: 'attempts',
          attempts: 1,
          expires_at: sql<Date>`now() + make_interval(days => ${KEPT_DAYS})`,
        })
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet({ attempts: sql<number>`${sql.ref(`${table}.attempts`)} + 1` }),
        )
        .returning('attempts')
        .executeTakeFirstOrThrow();
      return attempts;
    },
    async cleared(consumer, key) {
      await db.deleteFrom(table).where('key', '=', keyOf(consumer, key)).execute();
    },
  };
}
