import { type DatabaseConfig } from '@whoosh/config';
import { type Log, type Registry } from '@whoosh/telemetry';
import { Kysely, type LogEvent, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { rememberPool } from './health.ts';
import { DatabaseMetrics } from './metrics.ts';
import { type DB } from './schema.ts';

export interface OpenDatabaseOptions {
  /** Shown by `pg_stat_activity`. */
  readonly service: string;
  readonly log: Log;
  readonly registry: Registry;
}

/** What of the configuration the pool needs; the address is masked when printed. */
export type DatabaseSettings = Omit<DatabaseConfig, 'url' | 'autoMigrate'> & {
  readonly autoMigrate?: boolean;
  readonly url: { reveal(): string };
};

/** A pool that cannot give a connection within this time is a database that is away. */
const ACQUIRE_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'none'] as const;

/** The pool of one process; opens nothing before the first query. Close it with `db.destroy()`. */
export function openDatabase(
  config: DatabaseSettings,
  { service, log, registry }: OpenDatabaseOptions,
): Kysely<DB> {
  const pool = new pg.Pool({
    connectionString: config.url.reveal(),
    application_name: service,
    max: config.maxConns,
    idleTimeoutMillis: config.idleTimeMs,
    maxLifetimeSeconds: Math.ceil(config.lifetimeMs / 1_000),
    connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
  });
  // Without a listener a dropped idle connection would end the process; the pool replaces it anyway.
  pool.on('error', (err) => log.warn({ err }, 'an idle database connection was lost'));
  // The pool listens to idle connections only. One that is lost in the middle of a transaction fails its next statement,
  // and must not end the process before that.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const metrics = DatabaseMetrics.of(registry);
  metrics.watch(pool);
  const db = new Kysely<DB>({
    dialect: new PostgresDialect({ pool: keepingIdle(pool, config.maxIdleConns), controlClient: pg.Client }),
    log: (event) => {
      metrics.querySeconds.observe(
        { outcome: event.level === 'error' ? 'error' : 'ok' },
        event.queryDurationMillis / 1_000,
      );
      logQuery(event, config.logLevel, log);
    },
  });
  rememberPool(db, pool, config.maxConns);
  return db;
}

/** A pool that keeps at most so many connections which nobody uses; the driver itself has no such limit. */
function keepingIdle(pool: pg.Pool, idleMax: number) {
  return {
    async connect(): Promise<PostgresPoolClient> {
      const client = await pool.connect();
      const release = client.release.bind(client);
      client.release = (failure?: Error | boolean) =>
        release(failure || (pool.waitingCount === 0 && pool.idleCount >= idleMax));
      return client as PostgresPoolClient;
    },
    end: () => pool.end(),
    options: {},
  };
}

/** Statements are debug, failures are warnings; parameters are never shown. */
function logQuery(event: LogEvent, from: DatabaseConfig['logLevel'], log: Log): void {
  const level = event.level === 'error' ? 'warn' : 'debug';
  if (LEVELS.indexOf(level) < LEVELS.indexOf(from)) return;
  const fields = { sql: event.query.sql, ms: Math.round(event.queryDurationMillis) };
  if (event.level === 'error') log.warn({ ...fields, err: event.error }, 'statement failed');
  else log.debug(fields, 'statement');
}
