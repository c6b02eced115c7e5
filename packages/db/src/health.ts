import { type Kysely, sql } from 'kysely';
import { type DB } from './schema.ts';

/** What the driver's pool tells of itself. */
export interface WatchedPool {
  readonly totalCount: number;
  readonly idleCount: number;
}

export interface DatabaseHealth {
  /** `ok`, or what is wrong, for the `dependencies` of a health report. */
  readonly state: string;
  readonly statistics: {
    readonly max_conns: number;
    readonly acquired_conns: number;
    readonly idle_conns: number;
  };
}

/** A health report waits no longer than this for the database. */
const ANSWER_TIMEOUT_MS = 1_000;

const pools = new WeakMap<Kysely<DB>, { readonly pool: WatchedPool; readonly maxConns: number }>();

export function rememberPool(db: Kysely<DB>, pool: WatchedPool, maxConns: number): void {
  pools.set(db, { pool, maxConns });
}

/** Whether the database answers now, and how its pool is used. Never rejects. */
export async function databaseHealth(db: Kysely<DB>): Promise<DatabaseHealth> {
  const known = pools.get(db);
  const idle = known?.pool.idleCount ?? 0;
  const statistics = {
    max_conns: known?.maxConns ?? 0,
    acquired_conns: (known?.pool.totalCount ?? 0) - idle,
    idle_conns: idle,
  };
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`no answer within ${ANSWER_TIMEOUT_MS} ms`), ANSWER_TIMEOUT_MS);
  const answer = sql`select 1`.execute(db).then(
    () => 'ok',
    () => 'away',
  );
  const state = await Promise.race([answer, late]);
  clearTimeout(timer);
  return { state, statistics };
}
