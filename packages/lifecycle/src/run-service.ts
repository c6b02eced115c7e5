import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import {
  ConfigError,
  type EnvOf,
  type EnvSchema,
  type EnvSource,
  isLogPretty,
  logLevel,
  natsProblems,
  readEnv,
  unknownVariables,
  VARIABLE_NAMES,
} from '@whoosh/config';
import { type Log, newRegistry, openLog, type Registry, startTracing } from '@whoosh/telemetry';
import { AdminServer } from './admin.ts';
import { Readiness } from './readiness.ts';
import { type RouteHandler } from './routes.ts';
import { adminPortOf, adminPortVariable, type LifecycleEnv, serviceSchema } from './service-env.ts';

const VERSION_DEFAULT = '0.1.0';

export interface ServiceContext<Env> {
  readonly env: Readonly<Env & LifecycleEnv>;
  readonly log: Log;
  readonly registry: Registry;
  /** Disposed in reverse when the process ends: put in what must be closed, in the order it was opened. */
  readonly resources: AsyncDisposableStack;
  readonly readiness: Readiness;
  /** Aborted with the stop signal, before anything is disposed. */
  readonly stopping: AbortSignal;
  readonly admin: {
    readonly url: string;
    route(method: string, path: string, handler: RouteHandler): void;
  };
  /** Names this process among the replicas; a token of a subject. */
  readonly instance: string;
  readonly version: string;
}

export interface ServiceSpec<Schema extends EnvSchema> {
  readonly service: string;
  readonly version?: string;
  readonly env: Schema;
  /** Requirements between variables; their complaints come with all others. */
  readonly check?: (env: Partial<EnvOf<Schema>>) => readonly string[];
  /** `--x-y` sets the first `<prefix>X_Y` that the schema names; `BACKBEAT_` when left out. */
  readonly flagPrefixes?: readonly string[];
  readonly adminPortVar?: string;
  /** Opens everything and begins the work; resolves when the process is able to work. */
  readonly start: (context: ServiceContext<EnvOf<Schema>>) => Promise<void>;
}

/** The one main of every process: see the README for what happens in which order. Ends the process. */
export async function runService<Schema extends EnvSchema>(spec: ServiceSpec<Schema>): Promise<void> {
  const stop = stopSignals();
  const portVariable = spec.adminPortVar ?? adminPortVariable(spec.service);
  const schema = serviceSchema(spec.env, portVariable);
  const env = readEnvOrExit(spec, schema) as Readonly<EnvOf<Schema> & LifecycleEnv>;
  const version = spec.version ?? VERSION_DEFAULT;
  const log = openLog({ service: spec.service, level: logLevel(env), pretty: isLogPretty(env) });
  exitOnUncaught(log);
  warnOfUnknown(Object.keys(schema.shape), process.env, log);
  const tracing = startTracing({
    enabled: env.WHOOSH_OPENTELEMETRY_ENABLED,
    serviceName: `${env.WHOOSH_OPENTELEMETRY_SERVICE_NAME}-${spec.service}`,
    version: env.WHOOSH_OPENTELEMETRY_SERVICE_VERSION,
    environment: env.WHOOSH_OPENTELEMETRY_ENVIRONMENT,
    endpoint: env.WHOOSH_OPENTELEMETRY_JAEGER_ENDPOINT,
    sampleRate: env.WHOOSH_OPENTELEMETRY_SAMPLE_RATE,
    log,
  });
  const resources = new AsyncDisposableStack();
  const readiness = new Readiness();
  readiness.check('started', () => 'still starting');

  let exitCode = 0;
  try {
    const registry = newRegistry(spec.service);
    const admin = await AdminServer.listen({
      service: spec.service,
      version,
      host: env.WHOOSH_ADMIN_HOST,
      port: adminPortOf(env, portVariable, spec.service),
      portVariable,
      registry,
      readiness,
      log,
    });
    resources.use(admin);
    await announceAdmin(env.WHOOSH_ADMIN_PORTS_FILE, spec.service, admin.url);
    const instance = newInstance();
    const context = {
      env,
      log,
      registry,
      resources,
      readiness,
      stopping: stop.signal,
      admin,
      instance,
      version,
    };
    // A start may wait for a broker that never comes; it must not hold a stop back.
    await Promise.race([spec.start(context), stop.received]);
    readiness.forget('started');
    if (!stop.signal.aborted) log.info({ admin: admin.url, instance, version }, 'service started');
    await stop.received;
  } catch (cause) {
    // A start that was told to stop may fail in any way; that is no fault.
    if (!stop.signal.aborted) {
      exitCode = 1;
      // What only shows at the start, such as a port that is taken, is told like the rest of a refused configuration.
      if (cause instanceof ConfigError) process.stderr.write(`${spec.service}: ${cause.message}\n`);
      else log.fatal({ err: cause }, 'service failed to start');
    }
  }
  stop.abort();
  readiness.check('stopping', () => 'the process is stopping');
  exitCode = Math.max(exitCode, await disposeWithin(env.WHOOSH_SERVER_SHUTDOWN_TIMEOUT, resources, log));
  await tracing.shutdown();
  log.info({ exit_code: exitCode }, 'service stopped');
  process.exit(exitCode);
}

function readEnvOrExit<Schema extends EnvSchema>(spec: ServiceSpec<Schema>, schema: EnvSchema): unknown {
  const { check, flagPrefixes } = spec;
  try {
    return readEnv(schema, process.env, {
      argv: process.argv.slice(2),
      // Whatever the service checks itself, the broker's settings are checked alike for all.
      check: (env) => [...natsProblems(env), ...(check?.(env as Partial<EnvOf<Schema>>) ?? [])],
      ...(flagPrefixes && { flagPrefixes }),
    });
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    process.stderr.write(`${spec.service}: ${cause.message}\n`);
    process.exit(1);
  }
}

/** The first signal asks the process to end, the second ends it. */
function stopSignals() {
  const controller = new AbortController();
  const { promise: received, resolve } = Promise.withResolvers<void>();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort();
    resolve();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return { signal: controller.signal, received, abort: () => controller.abort() };
}

/** What nobody caught leaves the process in an unknown state; it ends and is started anew. */
function exitOnUncaught(log: Log): void {
  const end = (cause: unknown) => {
    log.fatal({ err: cause }, 'uncaught failure');
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

function warnOfUnknown(ownNames: readonly string[], source: EnvSource, log: Log): void {
  for (const { name, nearest } of unknownVariables([...VARIABLE_NAMES, ...ownNames], source)) {
    log.warn({ variable: name, nearest }, 'unknown variable, nobody reads it');
  }
}

/** Written beside and renamed, so that a reader never sees half of it. */
async function announceAdmin(path: string | undefined, service: string, url: string): Promise<void> {
  if (path === undefined) return;
  const beside = `${path}.${process.pid}`;
  await writeFile(beside, `${JSON.stringify({ service, url, pid: process.pid })}\n`);
  await rename(beside, path);
}

function newInstance(): string {
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 40);
  return `${host}-${process.pid}-${randomBytes(3).toString('hex')}`;
}

/** 0 when everything was closed in time without a failure, else 1. */
async function disposeWithin(graceMs: number, resources: AsyncDisposableStack, log: Log): Promise<0 | 1> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), graceMs);
  try {
    const outcome = await Promise.race([resources.disposeAsync().then(() => 'closed' as const), late]);
    if (outcome === 'closed') return 0;
    log.error({ grace_ms: graceMs }, 'the process did not close in time');
  } catch (cause) {
    log.error({ err: cause }, 'closing failed');
  } finally {
    clearTimeout(timer);
  }
  return 1;
}
