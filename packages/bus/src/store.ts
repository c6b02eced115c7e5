import { setTimeout as wait } from 'node:timers/promises';
import {
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamPublishOptions,
  type PubAck,
} from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { CallError } from '@whoosh/contracts';
import { type BusMetrics } from './metrics.ts';
import { headersOf } from './nats-headers.ts';

export interface StoreOptions {
  /** `Nats-Msg-Id`: the same one within the stream's window is stored once. */
  readonly id?: string;
  /** Stored only when the last message of this subject has this sequence; 0 = there is none. */
  readonly expectLastSubjectSequence?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

export interface Stored {
  readonly stream: string;
  readonly seq: number;
  /** It was stored before, under this sequence. */
  readonly duplicate: boolean;
}

/**
 * The stream said no, for good: `lost` the race for a subject's next place, `exists` where one message per subject is kept,
 * `full` where new ones are refused, `too_large` for the broker.
 */
export type StoreRefusal = 'lost' | 'exists' | 'full' | 'too_large';

export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
  readonly reason: StoreRefusal;

  constructor(reason: StoreRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

const TIMEOUT_MS_DEFAULT = 5_000;
const DUPLICATE_RETRY_MS = 10;

// Error codes of the server that its client does not name.
const CODE_WRONG_LAST_SEQUENCE = 10071;
const CODE_WRONG_LAST_SEQUENCE_UNKNOWN = 10164;
const CODE_STORE_FAILED = 10077;
const CODE_NO_SPACE = 10047;
const CODE_MESSAGE_TOO_LARGE = 10054;
const CODE_HEADERS_TOO_LARGE = 10097;
/** The same id is being stored at this moment by somebody else: soon it is a duplicate. */
const CODE_DUPLICATE_IN_PROCESS = 10158;
const STATUS_UNAVAILABLE = 503;

/** Offers one message to whatever stream listens on `subject` and waits for its word. */
export async function store(
  { js, metrics }: { js: JetStreamClient; metrics: BusMetrics },
  subject: string,
  body: unknown,
  options: StoreOptions,
): Promise<Stored> {
  const { timeoutMs = TIMEOUT_MS_DEFAULT } = options;
  const payload = body instanceof Uint8Array ? body : JSON.stringify(body);
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    try {
      const ack = await js.publish(subject, payload, publishOptions(options, timeoutMs));
      metrics.stored.inc({ outcome: ack.duplicate ? 'duplicate' : 'stored' });
      return storedOf(ack);
    } catch (cause) {
      const isRacing = cause instanceof JetStreamApiError && cause.code === CODE_DUPLICATE_IN_PROCESS;
      if (isRacing && performance.now() < giveUpAt) {
        await wait(DUPLICATE_RETRY_MS);
        continue;
      }
      const failure = failureOf(subject, cause);
      metrics.stored.inc({ outcome: failure instanceof StoreRefused ? failure.reason : 'failed' });
      throw failure;
    }
  }
}

function publishOptions(options: StoreOptions, timeoutMs: number): Partial<JetStreamPublishOptions> {
  const { id, expectLastSubjectSequence, headers } = options;
  return {
    timeout: timeoutMs,
    headers: headersOf(headers ?? {}),
    ...(id !== undefined && { msgID: id }),
    ...(expectLastSubjectSequence !== undefined && {
      expect: { lastSubjectSequence: expectLastSubjectSequence },
    }),
  };
}

const storedOf = ({ stream, seq, duplicate }: PubAck): Stored => ({ stream, seq, duplicate });

function failureOf(subject: string, cause: unknown): Error {
  if (cause instanceof JetStreamApiError) return apiFailure(subject, cause);
  // The client checks the size itself, before anything is sent.
  if (cause instanceof errors.InvalidArgumentError) {
    return new StoreRefused('too_large', `too large to be stored at ${subject}`, { cause });
  }
  return new CallError('unavailable', `no stream took the message for ${subject}`, { cause });
}

function apiFailure(subject: string, cause: JetStreamApiError): Error {
  switch (cause.code) {
    case CODE_WRONG_LAST_SEQUENCE:
    case CODE_WRONG_LAST_SEQUENCE_UNKNOWN:
      return new StoreRefused('lost', `somebody else was first at ${subject}`, { cause });
    case CODE_STORE_FAILED:
      // One code for every limit: only the sentence tells one message per subject from a full stream.
      return cause.message.includes('per subject')
        ? new StoreRefused('exists', `${subject} is stored already`, { cause })
        : new StoreRefused('full', `the stream of ${subject} is full`, { cause });
    case CODE_NO_SPACE:
      return new StoreRefused('full', `the broker has no space for ${subject}`, { cause });
    case CODE_MESSAGE_TOO_LARGE:
    case CODE_HEADERS_TOO_LARGE:
      return new StoreRefused('too_large', `too large to be stored at ${subject}`, { cause });
    default:
      return cause.status === STATUS_UNAVAILABLE || cause.code === CODE_DUPLICATE_IN_PROCESS
        ? new CallError('unavailable', `the stream of ${subject} is not available`, { cause })
        : cause;
  }
}
