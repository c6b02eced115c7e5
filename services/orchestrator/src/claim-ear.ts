import { type Bus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { type Clock } from '@whoosh/stdx';
import { type HeardClaim } from './domain/agent.ts';
import { isOfNow } from './domain/claim-age.ts';
import { type OrchestratorMetrics } from './metrics.ts';
import { heardClaim, readStatusClaim } from './status-claim.ts';

export interface ClaimEarOptions {
  readonly bus: Pick<Bus, 'connection'>;
  readonly cluster: string;
  readonly clock: Clock;
  readonly metrics: OrchestratorMetrics;
  /** The beat that is on, which claims are held against. Undefined without a beat. */
  readonly current: () => { readonly index: number; readonly beatMs: number } | undefined;
  readonly onClaim: (agentId: string, claim: HeardClaim) => void;
}

/**
 * Hears every StatusClaim of the cluster as it is said. Every replica hears all, so that one that hangs takes nobody's
 * sign of life with it; what was said while none listened is in the stream (`missed-claims.ts`).
 */
export class ClaimEar implements Disposable {
  readonly #options: ClaimEarOptions;
  readonly #subscription: ReturnType<Bus['connection']['subscribe']>;

  constructor(options: ClaimEarOptions) {
    this.#options = options;
    // The wildcard of the contract would be that of every cluster.
    const subject = backbeat.claims.subject.at({ cluster: options.cluster, agent: 'any' });
    this.#subscription = options.bus.connection.subscribe(subject.replace(/any$/, '*'), {
      callback: (failure, message) => {
        if (failure === null) this.#hear(message.subject, message.data);
      },
    });
  }

  [Symbol.dispose](): void {
    this.#subscription.unsubscribe();
  }

  #hear(subject: string, bytes: Uint8Array): void {
    const { clock, metrics, onClaim } = this.#options;
    const claim = readStatusClaim(bytes);
    if (claim === undefined || !this.#isOfNow(claim.beat_index)) {
      metrics.claims.inc({ verdict: 'invalid' });
      return;
    }
    if (backbeat.claims.subject.match(subject)?.agent !== claim.agent_id) {
      metrics.claims.inc({ verdict: 'foreign' });
      return;
    }
    metrics.claims.inc({ verdict: 'valid' });
    onClaim(claim.agent_id, heardClaim(claim, clock.now()));
  }

  #isOfNow(index: number): boolean {
    const current = this.#options.current();
    return current === undefined || isOfNow(index, current);
  }
}
