import * as z from 'zod';
import { CallError, type CallContract, ERROR_CODES } from '@whoosh/contracts';
import { isAway } from './away.ts';

const WireError = z.object({
  code: z.enum(ERROR_CODES),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type WireError = z.infer<typeof WireError>;

const Envelope = z.union([z.object({ ok: z.unknown() }), z.object({ error: WireError })]);

const ISSUES_TEXT_MAX = 1_000;

/**
 * The error a caller may see. A CallError was written for the caller and passes through; anything
 * else may carry a query, a path or a token in its message, so the wire gets a fixed sentence. A database that is away is told
 * as such: a caller who hears `internal` would hold its own message at fault.
 */
export function toWireError(cause: unknown): WireError {
  if (!(cause instanceof CallError)) {
    if (isAway(cause)) return { code: 'unavailable', message: 'what the service depends on is away' };
    return { code: 'internal', message: 'the service failed to handle the request' };
  }
  const { code, message, details } = cause;
  return details === undefined ? { code, message } : { code, message, details };
}

/** The request as its contract reads it; throws `invalid_argument` with what is wrong where. */
export function decodeRequest<Request, Reply>(contract: CallContract<Request, Reply>, text: string): Request {
  const parsed = contract.request.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const message = z.prettifyError(parsed.error).slice(0, ISSUES_TEXT_MAX);
  throw new CallError('invalid_argument', message, { cause: parsed.error });
}

/** The reply as its contract says it. A reply that breaks the contract is a bug of whoever answers. */
export function encodeReply<Request, Reply>(contract: CallContract<Request, Reply>, reply: Reply): string {
  const parsed = contract.reply.safeParse(reply);
  if (!parsed.success) throw new Error(`the reply breaks ${contract.name}`, { cause: parsed.error });
  return JSON.stringify({ ok: parsed.data });
}

/** The reply on the caller's side; a wire error is thrown as the CallError it was. */
export function decodeReply<Request, Reply>(contract: CallContract<Request, Reply>, text: string): Reply {
  const envelope = Envelope.safeParse(parseJson(text));
  if (!envelope.success) {
    throw new CallError('internal', `not a reply to ${contract.name}`, { cause: envelope.error });
  }
  if ('error' in envelope.data) {
    const { code, message, details } = envelope.data.error;
    throw new CallError(code, message, details && { details });
  }
  const reply = contract.reply.safeParse(envelope.data.ok);
  if (reply.success) return reply.data;
  throw new CallError('internal', `the reply breaks ${contract.name}`, { cause: reply.error });
}

// JSON never yields undefined, so undefined stands for "not JSON" and fails every schema of an object.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
