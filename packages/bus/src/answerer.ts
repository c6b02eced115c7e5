import { type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { type CallContract, CallError, ERRORS, HEADERS, Principal } from '@whoosh/contracts';
import { inSpan, type Log, withRemoteTrace } from '@whoosh/telemetry';
import { TIMEOUT_HEADER } from './caller.ts';
import { decodeRequest, encodeReply, toWireError } from './envelope.ts';
import { type BusMetrics } from './metrics.ts';
import { headersOf, oneLine, recordOf } from './nats-headers.ts';

export interface CallContext {
  /** Who asks, as the gateway established it. */
  readonly principal?: Principal;
  readonly idempotencyKey?: string;
  readonly requestId?: string;
  readonly causationId?: string;
  /** Aborts when the caller has stopped waiting. */
  readonly signal: AbortSignal;
}

export type CallHandler<Request, Reply> = (request: Request, context: CallContext) => Promise<Reply>;

/** What one endpoint did so far, as `$SRV.STATS` tells it. */
export interface EndpointStats {
  readonly name: string;
  readonly subject: string;
  requests: number;
  errors: number;
  lastError: string;
  processingMs: number;
}

/** More at once are refused: an answer that nobody waits for any more helps nobody. */
const IN_FLIGHT_MAX = 512;
const TIMEOUT_MS_DEFAULT = 5_000;
const TIMEOUT_MS_MAX = 600_000;
const ERROR_HEADER_MAX = 200;

interface AnswererOptions {
  readonly connection: NatsConnection;
  readonly service: string;
  readonly log: Log;
  readonly metrics: BusMetrics;
}

/** Answers calls: one queue group per service, so that replicas share the load. */
export class Answerer {
  readonly endpoints: EndpointStats[] = [];
  readonly #options: AnswererOptions;
  readonly #subscriptions: Subscription[] = [];
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: AnswererOptions) {
    this.#options = options;
  }

  serve<Request, Reply>(
    subject: string,
    contract: CallContract<Request, Reply>,
    handler: CallHandler<Request, Reply>,
  ): void {
    const { connection, service, log } = this.#options;
    const stats: EndpointStats = {
      name: contract.name.replaceAll('.', '-'),
      subject,
      requests: 0,
      errors: 0,
      lastError: '',
      processingMs: 0,
    };
    this.endpoints.push(stats);
    const callback = (failure: Error | null, message: Msg) => {
      if (failure) {
        log.error({ err: failure, call: contract.name }, 'subscription failed');
        return;
      }
      const answer = this.#answer(contract, handler, message, stats).finally(() =>
        this.#inFlight.delete(answer),
      );
      this.#inFlight.add(answer);
    };
    this.#subscriptions.push(connection.subscribe(subject, { queue: service, callback }));
  }

  async #answer<Request, Reply>(
    contract: CallContract<Request, Reply>,
    handler: CallHandler<Request, Reply>,
    message: Msg,
    stats: EndpointStats,
  ): Promise<void> {
    const startedAt = performance.now();
    let outcome = 'ok';
    try {
      if (this.#inFlight.size >= IN_FLIGHT_MAX)
        throw new CallError('resource_exhausted', 'too many calls at once');
      const headers = recordOf(message.headers);
      const text = await withRemoteTrace(headers['traceparent'], () =>
        inSpan(`answer ${contract.name}`, { kind: 'server' }, async () => {
          const request = decodeRequest(contract, message.string());
          return encodeReply(contract, await handler(request, contextOf(headers)));
        }),
      );
      respond(message, text);
    } catch (cause) {
      const error = toWireError(cause);
      outcome = error.code;
      if (error.code === 'internal')
        this.#options.log.error({ err: cause, call: contract.name }, 'call failed');
      stats.errors += 1;
      stats.lastError = `${error.code}: ${error.message}`.slice(0, ERROR_HEADER_MAX);
      // Said again as headers (NATS ADR-32), for tools that know nothing of our envelope.
      const headers = headersOf({
        [HEADERS.errorCode]: String(ERRORS[error.code].nats),
        [HEADERS.error]: oneLine(error.message).slice(0, ERROR_HEADER_MAX),
      });
      message.respond(JSON.stringify({ error }), { headers });
    } finally {
      const elapsedMs = performance.now() - startedAt;
      stats.requests += 1;
      stats.processingMs += elapsedMs;
      this.#options.metrics.answerSeconds.observe({ call: contract.name, outcome }, elapsedMs / 1_000);
    }
  }

  /** Takes no new calls and waits until those in flight are answered. */
  async stop(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => drained(subscription)));
    await Promise.all(this.#inFlight);
  }
}

/** A connection that is gone drains by itself; nothing is left to wait for then. */
async function drained(subscription: Subscription): Promise<void> {
  if (subscription.isClosed()) return;
  await subscription.drain().catch(() => undefined);
}

function respond(message: Msg, text: string): void {
  try {
    message.respond(text);
  } catch (cause) {
    throw new CallError('too_large', 'the answer is too large for the broker', { cause });
  }
}

function contextOf(headers: Readonly<Record<string, string>>): CallContext {
  const timeoutMs = Number(headers[TIMEOUT_HEADER] ?? TIMEOUT_MS_DEFAULT);
  const waits =
    Number.isInteger(timeoutMs) && timeoutMs > 0 ? Math.min(timeoutMs, TIMEOUT_MS_MAX) : TIMEOUT_MS_DEFAULT;
  const principal = headers[HEADERS.principal];
  const idempotencyKey = headers[HEADERS.idempotencyKey];
  const requestId = headers[HEADERS.requestId];
  const causationId = headers[HEADERS.causationId];
  return {
    signal: AbortSignal.timeout(waits),
    ...(principal !== undefined && { principal: principalOf(principal) }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(requestId !== undefined && { requestId }),
    ...(causationId !== undefined && { causationId }),
  };
}

function principalOf(text: string): Principal {
  try {
    return Principal.parse(JSON.parse(text));
  } catch (cause) {
    throw new CallError('invalid_argument', 'the principal of the call cannot be read', { cause });
  }
}
