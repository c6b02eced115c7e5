import { type CallContract, type Principal } from '@whoosh/contracts';
import { type Bus } from '@whoosh/bus';

export interface CallOptions {
  readonly principal: Principal;
  readonly requestId: string;
  readonly idempotencyKey?: string;
}

/** Turns a request over HTTP into a call over the bus, which has a deadline and therefore always an answer. */
export interface Caller {
  call(contract: CallContract, request: unknown, options: CallOptions): Promise<unknown>;
}

/** A call waits this long for its answer; then it is `unavailable`. */
export const CALL_TIMEOUT_MS = 5_000;

export function busCaller(bus: Bus, cluster: string): Caller {
  return {
    async call(contract, request, options) {
      const at = contract.subject.pattern.includes('{cluster}') ? { cluster } : {};
      return bus.callAt(contract.subject.at(at), contract, request, {
        timeoutMs: CALL_TIMEOUT_MS,
        ...options,
      });
    },
  };
}
