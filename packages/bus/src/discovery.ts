import { randomUUID } from 'node:crypto';
import { type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { type Log } from '@whoosh/telemetry';
import * as z from 'zod';
import { type EndpointStats } from './answerer.ts';

/** How one process is, in words and numbers for an operator. */
export interface HealthReport {
  readonly status: 'ok' | 'degraded';
  /** By name of the dependency: `ok`, or what is wrong with it. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Pools, lag, queue lengths: whatever the service counts. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface DiscoveryOptions {
  readonly version: string;
  readonly description: string;
  readonly health: () => Promise<HealthReport>;
}

/** One process as its `$SRV.STATS` tells it. */
export const ServiceStats = z.looseObject({
  name: z.string().max(200),
  id: z.string().max(200),
  version: z.string().max(100),
  started: z.string().max(100),
  endpoints: z
    .array(z.looseObject({ name: z.string(), num_requests: z.number(), num_errors: z.number() }))
    .nullish(),
  health: z
    .object({
      status: z.enum(['ok', 'degraded']),
      dependencies: z.record(z.string(), z.string()),
      details: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});
export type ServiceStats = z.infer<typeof ServiceStats>;

const PREFIX = '$SRV';
const NANOS_PER_MS = 1_000_000;
/** More processes than this are not listed. */
const SERVICES_MAX = 1_000;

/**
 * Answers `$SRV.PING|INFO|STATS[.name[.id]]` (NATS ADR-32), so that any NATS tool lists our services, and tells
 * the health of this process beside its counts.
 */
export function serveDiscovery(
  {
    connection,
    service,
    instance,
    log,
  }: { connection: NatsConnection; service: string; instance?: string; log: Log },
  endpoints: readonly EndpointStats[],
  { version, description, health }: DiscoveryOptions,
): Subscription[] {
  const identity = { name: service, id: instance ?? randomUUID(), version, metadata: {} };
  const started = new Date().toISOString();
  const answers: Record<string, () => Promise<object>> = {
    PING: () => Promise.resolve({ type: 'io.nats.micro.v1.ping_response', ...identity }),
    INFO: () =>
      Promise.resolve({
        type: 'io.nats.micro.v1.info_response',
        ...identity,
        description,
        endpoints: endpoints.map(({ name, subject }) => ({
          name,
          subject,
          queue_group: service,
          metadata: {},
        })),
      }),
    STATS: async () => ({
      type: 'io.nats.micro.v1.stats_response',
      ...identity,
      started,
      endpoints: endpoints.map((endpoint) => statsOf(endpoint, service)),
      health: await health(),
    }),
  };
  const answer = async (verb: string, message: Msg) => {
    try {
      const body = await answers[verb]?.();
      message.respond(JSON.stringify(body));
    } catch (cause) {
      log.warn({ err: cause, verb }, 'discovery could not be answered');
    }
  };
  return Object.keys(answers).flatMap((verb) =>
    [`${PREFIX}.${verb}`, `${PREFIX}.${verb}.${service}`, `${PREFIX}.${verb}.${service}.${identity.id}`].map(
      (subject) =>
        connection.subscribe(subject, {
          callback: (failure, message) => {
            if (failure === null) void answer(verb, message);
          },
        }),
    ),
  );
}

function statsOf(endpoint: EndpointStats, service: string) {
  const { name, subject, requests, errors, lastError, processingMs } = endpoint;
  return {
    name,
    subject,
    queue_group: service,
    num_requests: requests,
    num_errors: errors,
    last_error: lastError,
    processing_time: Math.round(processingMs * NANOS_PER_MS),
    average_processing_time: requests === 0 ? 0 : Math.round((processingMs / requests) * NANOS_PER_MS),
  };
}

/** Asks every process on the bus how it is and takes what has come after `timeoutMs`. */
export async function discover(connection: NatsConnection, timeoutMs: number): Promise<ServiceStats[]> {
  const answers = await connection.requestMany(`${PREFIX}.STATS`, '', {
    strategy: 'timer',
    maxWait: timeoutMs,
    maxMessages: SERVICES_MAX,
  });
  const found: ServiceStats[] = [];
  for await (const message of answers) {
    const parsed = parseStats(message);
    if (parsed !== undefined) found.push(parsed);
  }
  return found.toSorted((a, b) => (`${a.name} ${a.id}` < `${b.name} ${b.id}` ? -1 : 1));
}

function parseStats(message: Msg): ServiceStats | undefined {
  try {
    return ServiceStats.safeParse(message.json()).data;
  } catch {
    return undefined;
  }
}
