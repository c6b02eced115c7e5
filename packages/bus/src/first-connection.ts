import { setTimeout as wait } from 'node:timers/promises';
import { AuthorizationError, connect, type NodeConnectionOptions } from '@nats-io/transport-node';
import { type Log } from '@whoosh/telemetry';

/** A connection that comes within this is not worth a word. */
const GRACE_MS = 500;
const PROBE_EVERY_MS = 5_000;
/** The same reasons are said again after so many probes: once in a minute. */
const SAID_AGAIN_PROBES = 12;

/** Where a process says what it is missing; a service's `readiness`. */
export interface ReadinessChecks {
  check(name: string, check: () => true | string): void;
}

/** The name of the broker among the checks of a process. */
export const BROKER_CHECK = 'nats';

export interface FirstConnectionOptions {
  readonly servers: readonly string[];
  /** As the awaited connection is made, so that a try fails for the same reason. */
  readonly how: NodeConnectionOptions;
  readonly log: Pick<Log, 'warn' | 'info'>;
  readonly readiness?: ReadinessChecks | undefined;
}

/**
 * Waits for a first connection, and meanwhile says which server refuses and why: the client tries on without a word, and keeps the
 * reason to itself. Never says a password.
 */
export async function awaitFirstConnection<Connection>(
  connecting: Promise<Connection>,
  options: FirstConnectionOptions,
): Promise<Connection> {
  const ended = new AbortController();
  const telling = tellWhileAway(options, ended.signal);
  try {
    return await connecting;
  } finally {
    ended.abort();
    if (await telling) options.log.info('the broker was reached');
  }
}

/** Resolves when the signal comes; true when anything was said. */
async function tellWhileAway(options: FirstConnectionOptions, signal: AbortSignal): Promise<boolean> {
  const { servers, log, readiness } = options;
  let reasons = `no answer yet from ${servers.map(nameOf).join(', ')}`;
  readiness?.check(BROKER_CHECK, () => reasons);
  let said = '';
  await pause(GRACE_MS, signal);
  for (let probes = 0; !signal.aborted; probes += 1) {
    const found = await Promise.all(servers.map((server) => reasonOf(server, options.how, signal)));
    if (signal.aborted) break;
    reasons = found.join('; ');
    if (reasons !== said || probes % SAID_AGAIN_PROBES === 0) log.warn({ reasons }, 'waiting for the broker');
    said = reasons;
    await pause(PROBE_EVERY_MS, signal);
  }
  return said !== '';
}

async function reasonOf(server: string, how: NodeConnectionOptions, signal: AbortSignal): Promise<string> {
  try {
    const connection = await connect({
      ...how,
      servers: [server],
      waitOnFirstConnect: false,
      reconnect: false,
    });
    await connection.close();
    return `${nameOf(server)}: answers`;
  } catch (cause) {
    if (signal.aborted) return '';
    const said = cause instanceof Error ? cause.message : String(cause);
    const hint = cause instanceof AuthorizationError ? ' (see NATS_USER and NATS_PASSWORD)' : '';
    return `${nameOf(server)}: ${said.toLowerCase()}${hint}`;
  }
}

/** Credentials that an address holds against all advice are not repeated. */
function nameOf(server: string): string {
  return server.replace(/^([a-z]+:\/\/)?.*@/, '$1');
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
