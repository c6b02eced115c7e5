import { type Request } from 'express';
import { HttpRefusal } from '../domain/failure.ts';

const KEY_PATTERN = /^[\x21-\x7e]{1,200}$/;

/** The optional `Idempotency-Key`; the service that owns the effect keeps it. */
export function idempotencyKey(request: Request): string | undefined {
  const key = request.get('idempotency-key');
  if (key === undefined) return undefined;
  if (KEY_PATTERN.test(key)) return key;
  throw new HttpRefusal('invalid_argument', 'Idempotency-Key must be 1 to 200 visible ASCII characters.');
}
