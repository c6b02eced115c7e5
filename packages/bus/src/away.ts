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
/**
 * Of PostgreSQL (appendix A): connection exceptions, out of resources (disk, memory, connections), shutdown, trouble of the system
 * below, a standby that is not yet the primary, a statement or a transaction that waited too long, and lost races that went on.
 */
const SQLSTATE = /^(08...|53...|57014|57P0[1-5]|58...|25006|25P03|40001|40P01|55P03)$/;
/** Another service is not there, not in time, or has too much to do. */
const AWAY_CODES: ReadonlySet<string> = new Set(['unavailable', 'deadline_exceeded', 'resource_exhausted']);
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
  if (error instanceof CallError) return AWAY_CODES.has(error.code);
  if (error instanceof StoreRefused) return error.reason === 'full';
  if (error instanceof errors.TimeoutError || error instanceof errors.NoRespondersError) return true;
  if (error instanceof errors.ConnectionError || error instanceof errors.ClosedConnectionError) return true;
  if (error instanceof errors.DrainingConnectionError) return true;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && (ERRNO.has(code) || SQLSTATE.test(code))) return true;
  return POOL_MESSAGES.test(error.message);
}
