import * as z from 'zod';
import { duration, flag, integer, number, port, secret } from './pieces.ts';

/** Where two names mean one thing, the specific one is optional here and wins in `resolve.ts`. */
const url = () => z.string().min(1);

/** The broker. `WHOOSH_BACKBEAT_NATS_URL` and `--nats` win over `NATS_URL`; see `natsServers`. */
export const natsEnv = {
  NATS_URL: url().optional(),
  WHOOSH_BACKBEAT_NATS_URL: url().optional(),
  BACKBEAT_NATS: url().optional(),
  NATS_USER: z.string().optional(),
  NATS_PASSWORD: secret().optional(),
};

/** PostgreSQL. `WHOOSH_DATABASE_URL` replaces the parts; see `databaseConfig`. */
export const databaseEnv = {
  WHOOSH_DATABASE_URL: secret().optional(),
  /** `localhost` when the database is named by its password alone. */
  WHOOSH_DATABASE_HOST: z.string().min(1).optional(),
  WHOOSH_DATABASE_PORT: port(5432),
  WHOOSH_DATABASE_DB_NAME: z.string().default('whoosh'),
  WHOOSH_DATABASE_USERNAME: z.string().default('whoosh'),
  WHOOSH_DATABASE_PASSWORD: secret().optional(),
  WHOOSH_DATABASE_SSL_MODE: z
    .enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full'])
    .default('disable'),
  WHOOSH_DATABASE_AUTO_MIGRATE: flag(true),
  WHOOSH_DATABASE_MAX_OPEN_CONNS: integer(25, { min: 1, max: 500 }),
  WHOOSH_DATABASE_MAX_IDLE_CONNS: integer(5, { min: 0, max: 500 }),
  WHOOSH_DATABASE_MAX_CONN_LIFETIME: duration('1h'),
  WHOOSH_DATABASE_MAX_CONN_IDLE_TIME: duration('30m'),
  WHOOSH_DATABASE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'none']).default('none'),
};

const level = () => z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);

/** Logs. `WHOOSH_LOGGING_LEVEL` and `--log-level` win over `LOG_LEVEL`; see `logLevel`, `environmentName`. */
export const loggingEnv = {
  LOG_LEVEL: level().default('info'),
  WHOOSH_LOGGING_LEVEL: level().optional(),
  BACKBEAT_LOG_LEVEL: level().optional(),
  ENVIRONMENT: z.string().default('production'),
  WHOOSH_LOGGING_ENVIRONMENT: z.string().optional(),
  BACKBEAT_ENV: z.string().optional(),
};

/** Traces, over OTLP/HTTP. */
export const tracingEnv = {
  WHOOSH_OPENTELEMETRY_ENABLED: flag(true),
  WHOOSH_OPENTELEMETRY_SERVICE_NAME: z.string().default('whoosh'),
  WHOOSH_OPENTELEMETRY_SERVICE_VERSION: z.string().default('1.0.0'),
  WHOOSH_OPENTELEMETRY_ENVIRONMENT: z.string().default('production'),
  WHOOSH_OPENTELEMETRY_JAEGER_ENDPOINT: url().default('http://localhost:4318/v1/traces'),
  WHOOSH_OPENTELEMETRY_SAMPLE_RATE: number(1, { min: 0, max: 1 }),
};

/** The beat, as a service of WHOOSH follows it. `--cluster` wins over `WHOOSH_BACKBEAT_CLUSTER_ID`; see `clusterName`. */
export const backbeatEnv = {
  WHOOSH_BACKBEAT_ENABLED: flag(true),
  WHOOSH_BACKBEAT_CLUSTER_ID: z.string().default('chorus-production'),
  WHOOSH_BACKBEAT_AGENT_ID: z.string().default('whoosh'),
  BACKBEAT_CLUSTER: z.string().optional(),
};

/** Whose signatures are believed, a line per key (usually `BACKBEAT_KEYS_FILE`), and whether there must be one. */
export const trustEnv = {
  BACKBEAT_KEYS: z.string().optional(),
  BACKBEAT_REQUIRE_SIGNATURES: flag(false),
};

/** The admin server and the end of the process. */
export const adminEnv = {
  WHOOSH_ADMIN_HOST: z.string().default('127.0.0.1'),
  WHOOSH_ADMIN_PORTS_FILE: z.string().optional(),
  WHOOSH_SERVER_SHUTDOWN_TIMEOUT: duration('30s'),
};
