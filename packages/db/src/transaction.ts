import { setTimeout as wait } from 'node:timers/promises';
import { backoffMs } from '@whoosh/stdx';
import { type IsolationLevel, type Kysely, type Transaction } from 'kysely';
import { type DB } from './schema.ts';
import { isWorthRetrying } from './sqlstate.ts';

/** Then the failure is the caller's: something contends without end. */
export const TRANSACTION_ATTEMPTS_MAX = 5;
const BACKOFF = { baseMs: 10, maxMs: 200 };

/**
 * Runs `fn` in one transaction and commits it. When the database says that it lost against another one (40001,
 * 40P01), the whole of `fn` runs again: it may do nothing but what the transaction undoes.
 */
export async function transaction<T>(
  db: Kysely<DB>,
  fn: (trx: Transaction<DB>) => Promise<T>,
  { isolation = 'read committed' }: { isolation?: IsolationLevel } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().setIsolationLevel(isolation).execute(fn);
    } catch (cause) {
      if (attempt >= TRANSACTION_ATTEMPTS_MAX || !isWorthRetrying(cause)) throw cause;
      await wait(backoffMs(BACKOFF, attempt, Math.random()));
    }
  }
}
