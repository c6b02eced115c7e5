import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { type BeatListener } from '@whoosh/backbeat-sdk';
import { type Bus } from '@whoosh/bus';
import { type Log, type Registry } from '@whoosh/telemetry';
import { type GatewayConfig } from './config.ts';
import { DeadLetters } from './dead-letters/dead-letters.ts';
import { OnceAWhile } from './domain/once-a-while.ts';
import { BeatWatch, type MessageKind } from './events/beat-watch.ts';
import { EventFeed } from './events/event-feed.ts';
import { PulseWatch } from './events/pulse-watch.ts';
import { HealthDesk } from './health/health-desk.ts';
import { answerFailure } from './http/answer-failure.ts';
import { Authenticator } from './http/authenticate.ts';
import { busCaller } from './http/caller.ts';
import { crossOrigin } from './http/cross-origin.ts';
import { countRequests, logRequests } from './http/observe.ts';
import { rateLimits } from './http/rate-limit.ts';
import { readRawBody } from './http/read-body.ts';
import { requestId } from './http/request-id.ts';
import { notStored, securityHeaders } from './http/security-headers.ts';
import { serveDocs } from './http/serve-docs.ts';
import { serveEvents } from './http/serve-events.ts';
import { serveHealth } from './http/serve-health.ts';
import { servePage } from './http/serve-page.ts';
import { named, nothingHere, serveRoutes, wrongMethod } from './http/serve-routes.ts';
import { GatewayMetrics } from './metrics.ts';
import { ROUTES } from './routes/table.ts';
import { judge, storeDelivery } from './webhook/door.ts';

export interface GatewayParts {
  readonly bus: Bus;
  /** Undefined while BACKBEAT is off. */
  readonly listener: BeatListener | undefined;
  readonly config: GatewayConfig;
  readonly log: Log;
  readonly registry: Registry;
  readonly version: string;
  readonly stopping: AbortSignal;
  /** Where the built page lies. */
  readonly pageDirectory: string;
}

export interface Gateway extends Disposable {
  readonly app: Express;
  readonly beats: BeatWatch;
  readonly feed: EventFeed;
}

/** Of each kind of message that breaks its contract. */
const INVALID_LOGGED_EVERY_MS = 1_000;

export const EVENTS_PATH = '/api/v1/events';
export const REGISTER_PATH = '/api/v1/agents/register';

/** Builds everything that answers HTTP, and what it listens to on the bus. It starts no loop and opens no port. */
export function buildGateway(parts: GatewayParts): Gateway {
  const { bus, config, listener, log, stopping, version } = parts;
  const metrics = new GatewayMetrics(parts.registry, listener?.link.counters);
  const invalid = new OnceAWhile<MessageKind>(INVALID_LOGGED_EVERY_MS);
  const beats = new BeatWatch({
    connection: bus.connection,
    cluster: config.cluster,
    agentId: config.backbeatAgentId,
    link: listener?.link,
    onInvalid: (kind, why) => {
      metrics.invalidMessages.inc();
      const heldBack = invalid.pass(kind, performance.now());
      if (heldBack !== undefined) log.warn({ kind, why, held_back: heldBack }, 'message on the bus refused');
    },
  });
  const pulses = new PulseWatch({
    bus,
    cluster: config.cluster,
    enabled: listener !== undefined,
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
  });
  const feed = new EventFeed(bus.js, bus.jsm);
  const limits = rateLimits({
    perMinute: config.requestsPerMinute,
    webhooksPerSecond: config.webhooksPerSecond,
    onRefused: (limit) => metrics.refusedByRate.inc({ limit }),
  });
  const authenticator = new Authenticator({ jwt: config.jwtSecrets, serviceTokens: config.serviceTokens });
  const authenticate = authenticator.middleware((path) => path === REGISTER_PATH);

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', config.trustedProxies.length > 0 ? [...config.trustedProxies] : false);
  app.use(
    requestId,
    countRequests(metrics),
    logRequests(log),
    securityHeaders,
    crossOrigin(config.allowedOrigins),
  );

  app.use(
    serveHealth({ desk: new HealthDesk({ bus, beats, version }), authenticate, limit: limits.general }),
  );
  const countedEvents = serveEvents({
    feed,
    beats,
    log,
    stopping,
    nowMs: () => Date.now(),
    readers: metrics.readers,
    onCut: (reason) => metrics.readersCut.inc({ reason }),
  });
  // Before GET, which express would let answer it: an endless answer without a body would hold a reader's place for nothing.
  app.head(EVENTS_PATH, named(EVENTS_PATH), wrongMethod(['get']));
  app.get(EVENTS_PATH, named(EVENTS_PATH), notStored, authenticate, limits.general, countedEvents);
  app.all(EVENTS_PATH, named(EVENTS_PATH), wrongMethod(['get']));
  openDoor(app, parts, metrics, limits);
  app.use(
    serveRoutes(ROUTES, {
      caller: busCaller(bus, config.cluster),
      desk: { beats, pulses, deadLetters: new DeadLetters(bus) },
      limit: limits.general,
      authenticate,
      onUnknownField: (route) => metrics.unknownFields.inc({ route }),
    }),
  );
  app.use(serveDocs(ROUTES, version), servePage(parts.pageDirectory));
  app.use(authenticate, limits.general, nothingHere);
  app.use(answerFailure(log));
  return { app, beats, feed, [Symbol.dispose]: () => beats[Symbol.dispose]() };
}

/** The door for Gitea. Who is refused there is counted by address like any stranger. */
function openDoor(
  app: Express,
  { bus, config }: GatewayParts,
  metrics: GatewayMetrics,
  limits: { general: RequestHandler; webhooks: RequestHandler },
): void {
  const path = config.webhookPath;
  const door = {
    bus,
    secrets: config.webhookSecrets,
    onDelivery: (result: string) => metrics.deliveries.inc({ result }),
  };
  const countStranger: ErrorRequestHandler = (refusal, request, response, next) =>
    limits.general(request, response, (limited?: unknown) => next(limited ?? refusal));
  app.post(
    path,
    named(path),
    notStored,
    readRawBody,
    judge(door),
    countStranger,
    limits.webhooks,
    storeDelivery(door),
  );
  app.all(path, named(path), wrongMethod(['post']));
}
