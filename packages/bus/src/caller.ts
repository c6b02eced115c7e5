import { errors, type NatsConnection } from '@nats-io/transport-node';
import { type CallContract, CallError, HEADERS, type Principal } from '@whoosh/contracts';
import { inSpan } from '@whoosh/telemetry';
import { decodeReply } from './envelope.ts';
import { type BusMetrics } from './metrics.ts';
import { headersOf } from './nats-headers.ts';

/** How long the caller still waits; whoever answers may stop working then. */
export const TIMEOUT_HEADER = 'Whoosh-Timeout-Ms';
const TIMEOUT_MS_DEFAULT = 5_000;

export interface CallOptions {
  readonly timeoutMs?: number | undefined;
  readonly principal?: Principal | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly requestId?: string | undefined;
  readonly causationId?: string | undefined;
}

/** Makes one call on `subject` and waits for its answer, never longer than the deadline. */
export async function makeCall<Request, Reply>(
  { connection, metrics }: { connection: NatsConnection; metrics: BusMetrics },
  subject: string,
  contract: CallContract<Request, Reply>,
  request: Request,
  options: CallOptions,
): Promise<Reply> {
  const { timeoutMs = TIMEOUT_MS_DEFAULT, principal } = options;
  try {
    const reply = await inSpan(`call ${contract.name}`, { kind: 'client' }, async () => {
      const headers = headersOf({
        [HEADERS.principal]: principal && JSON.stringify(principal),
        [HEADERS.idempotencyKey]: options.idempotencyKey,
        [HEADERS.requestId]: options.requestId,
        [HEADERS.causationId]: options.causationId,
        [TIMEOUT_HEADER]: String(timeoutMs),
      });
      const answer = await connection
        .request(subject, JSON.stringify(request), { timeout: timeoutMs, headers })
        .catch((cause: unknown) => {
          throw callFailure(contract.name, cause);
        });
      return decodeReply(contract, answer.string());
    });
    metrics.requests.inc({ call: contract.name, outcome: 'ok' });
    return reply;
  } catch (cause) {
    const outcome = cause instanceof CallError ? cause.code : 'internal';
    metrics.requests.inc({ call: contract.name, outcome });
    throw cause;
  }
}

function callFailure(name: string, cause: unknown): CallError {
  const reason = cause instanceof errors.RequestError ? cause.cause : cause;
  if (cause instanceof errors.RequestError && cause.isNoResponders()) {
    return new CallError('unavailable', `nobody answers ${name}`, { cause });
  }
  if (cause instanceof errors.TimeoutError || reason instanceof errors.TimeoutError) {
    return new CallError('deadline_exceeded', `no answer to ${name} in time`, { cause });
  }
  if (cause instanceof errors.InvalidArgumentError) {
    return new CallError('too_large', `the request of ${name} is too large for the broker`, { cause });
  }
  return new CallError('unavailable', `the bus failed ${name}`, { cause });
}
