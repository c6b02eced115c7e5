import { errors } from '@nats-io/transport-node';
import { CallError } from '@whoosh/contracts';
import { StoreRefused } from './store.ts';

const ERRNO = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
/** Connection exceptions, shutdown in progress, too many connections (PostgreSQL, appendix A). */
const SQLSTATE = /^(08...|57P0[1-5]|53300)$/;
/** The PostgreSQL driver says these without a code. */
const POOL_MESSAGES =
  /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Query read timeout)/;
const CAUSES_MAX = 8;

/**
 * Whether a dependency was away, rather than the message at fault: then the same message may well succeed later, and
 * neither attempts nor patience with it are used up.
 */
export function isAway(cause: unknown): boolean {
  let at = cause;
  for (let depth = 0; depth < CAUSES_MAX && at instanceof Error; depth += 1) {
    if (isAwayItself(at)) return true;
    at = at.cause;
  }
  return false;
}

function isAwayItself(error: Error): boolean {
  if (error instanceof CallError) return error.code === 'unavailable' || error.code === 'deadline_exceeded';
  if (error instanceof StoreRefused) return error.reason === 'full';
  if (error instanceof errors.TimeoutError || error instanceof errors.NoRespondersError) return true;
  if (error instanceof errors.ConnectionError || error instanceof errors.ClosedConnectionError) return true;
  if (error instanceof errors.DrainingConnectionError) return true;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && (ERRNO.has(code) || SQLSTATE.test(code))) return true;
  return POOL_MESSAGES.test(error.message);
}
