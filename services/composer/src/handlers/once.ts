import { type CallContext } from '@whoosh/bus';
import { type KeyedCallContract } from '@whoosh/contracts';
import { idempotent } from '@whoosh/outbox';
import { canonicalJson, sha256Hex } from '@whoosh/stdx';
import { type TeamLives, type Turn } from '../lives.ts';

/**
 * One transaction for one call. With an idempotency key the reply is stored in it, and a repeat gets that reply
 * without a second effect.
 */
export async function once<Request, Reply>(
  lives: TeamLives,
  {
    contract,
    request,
    ctx,
  }: { contract: KeyedCallContract<Request, Reply>; request: Request; ctx: CallContext },
  effect: (turn: Turn) => Promise<Reply>,
): Promise<Reply> {
  const { idempotencyKey: key, principal } = ctx;
  if (key === undefined) return await lives.change(effect);
  const bodyDigest = sha256Hex(canonicalJson(request));
  return await lives.change((turn) =>
    idempotent(
      turn.trx,
      'composer',
      { principal: principal ?? 'nobody', route: contract.name, key, bodyDigest },
      () => effect(turn),
    ),
  );
}

/** Who a change is put down to. */
export function speaker({ principal }: CallContext): string {
  return principal === undefined ? 'unknown' : `${principal.kind}:${principal.id}`;
}
