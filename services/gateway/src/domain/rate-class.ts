import { type Principal } from '@whoosh/contracts';

export const SERVICE_REQUESTS_PER_SECOND_MAX = 100;
export const WEBHOOKS_PER_SECOND_MAX = 100;

export type RateClass = 'service' | 'token' | 'address';

/**
 * How a caller is counted: a service by the second, any other known token by the minute, and whoever shows no
 * token or a wrong one by address, so that guessing tokens does not earn a fresh count with each guess.
 */
export function rateClass(principal: Principal | undefined): RateClass {
  if (principal === undefined || principal.kind === 'join') return 'address';
  return principal.role === 'service' ? 'service' : 'token';
}

export function rateKey(
  principal: Principal | undefined,
  digest: Buffer | undefined,
  address: string,
): string {
  const known = rateClass(principal) !== 'address' && digest !== undefined;
  return known ? `token:${digest.toString('hex')}` : `address:${address}`;
}
