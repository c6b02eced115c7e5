import { type CallContext } from '@whoosh/bus';
import { type KeyedCallContract } from '@whoosh/contracts';
import { type IdempotentCall } from '@whoosh/outbox';
import { canonicalJson, sha256Hex } from '@whoosh/stdx';

/** What makes a call the same call when it comes again. */
export function keyOf<Request, Reply>(
  contract: KeyedCallContract<Request, Reply>,
  request: Request,
  { principal, idempotencyKey: key }: CallContext,
): IdempotentCall {
  const bodyDigest = sha256Hex(canonicalJson(request));
  return { principal: principal ?? 'nobody', route: contract.name, key, bodyDigest };
}
