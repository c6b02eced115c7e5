import { type CallContext } from '@whoosh/bus';
import { type KeyedCallContract } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { canonicalJson, sha256Hex } from '@whoosh/stdx';
import { type Transaction } from 'kysely';
import { idempotent, type IdempotentCall } from './idempotent.ts';
import { type OutboxService } from './tables.ts';

/** One call as its handler got it. */
export interface KeyedCall<Request, Reply> {
  readonly contract: KeyedCallContract<Request, Reply>;
  readonly request: Request;
  readonly ctx: CallContext;
}

/** Where a service makes its changes: one transaction, which knows more than its `trx`. */
export interface Changes<Turn extends { readonly trx: Transaction<DB> }> {
  change<T>(work: (turn: Turn) => Promise<T>): Promise<T>;
}

/** What makes a call the same call when it comes again. */
export function keyOf<Request, Reply>({ contract, request, ctx }: KeyedCall<Request, Reply>): IdempotentCall {
  const { principal, idempotencyKey: key } = ctx;
  return { principal, route: contract.name, key, bodyDigest: sha256Hex(canonicalJson(request)) };
}

/**
 * One transaction for one call. With an idempotency key the reply is stored in it, and a repeat gets that reply
 * without a second effect.
 */
export async function once<Turn extends { readonly trx: Transaction<DB> }, Request, Reply>(
  service: OutboxService,
  changes: Changes<Turn>,
  call: KeyedCall<Request, Reply>,
  effect: (turn: Turn) => Promise<Reply>,
): Promise<Reply> {
  const key = keyOf(call);
  return await changes.change((turn) => idempotent(turn.trx, service, key, () => effect(turn)));
}

/** Who a change by a call is put down to, as `kind:id`. */
export function speaker({ principal }: CallContext): string {
  return principal === undefined ? 'unknown' : `${principal.kind}:${principal.id}`;
}
