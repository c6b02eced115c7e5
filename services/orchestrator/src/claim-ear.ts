import { type HeaderSource } from '@whoosh/backbeat-sdk/claim-signatures';
import { type Bus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { type Clock } from '@whoosh/stdx';
import { type ClaimLane, type ClaimTrust } from './claim-trust.ts';
import { type HeardClaim } from './domain/agent.ts';
import { type CurrentBeat, isOfNow, toldAt } from './domain/claim-age.ts';
import { type OrchestratorMetrics } from './metrics.ts';
import { heardClaim, readStatusClaim } from './status-claim.ts';

export interface ClaimEarOptions {
  readonly bus: Pick<Bus, 'connection'>;
  readonly cluster: string;
  readonly clock: Clock;
  readonly metrics: OrchestratorMetrics;
  /** The beat that is on, which claims are held against. Undefined without a beat. */
  readonly current: () => CurrentBeat | undefined;
  /** Where signatures are checked; without it every claim is believed. */
  readonly trust?: ClaimTrust | undefined;
  /** Whether a claim would tell anything of its agent; asked only where looking at one costs a verification. */
  readonly isNews: (agentId: string, claim: HeardClaim) => boolean;
  readonly onClaim: (agentId: string, claim: HeardClaim) => void;
}

/**
 * Hears every StatusClaim of the cluster as it is said. Every replica hears all, so that one that hangs takes nobody's
 * sign of life with it; what was said while none listened is in the stream (`missed-claims.ts`).
 */
export class ClaimEar implements Disposable {
  readonly #options: ClaimEarOptions;
  /** Undefined: whatever is valid is believed. */
  readonly #lane: ClaimLane | undefined;
  readonly #subscription: ReturnType<Bus['connection']['subscribe']>;

  constructor(options: ClaimEarOptions) {
    this.#options = options;
    this.#lane = options.trust?.listen({ isNews: options.isNews, onBelieved: options.onClaim });
    // The wildcard of the contract would be that of every cluster.
    const subject = backbeat.claims.subject.at({ cluster: options.cluster, agent: 'any' });
    this.#subscription = options.bus.connection.subscribe(subject.replace(/any$/, '*'), {
      callback: (failure, message) => {
        if (failure === null) this.#hear(message.subject, message.data, message.headers);
      },
    });
  }

  [Symbol.dispose](): void {
    this.#subscription.unsubscribe();
    this.#lane?.[Symbol.dispose]();
  }

  #hear(subject: string, payload: Uint8Array, headers: HeaderSource | undefined): void {
    const { clock, metrics, onClaim, current } = this.#options;
    const claim = readStatusClaim(payload);
    const beat = current();
    if (claim === undefined || (beat !== undefined && !isOfNow(claim.beat_index, beat))) {
      metrics.claims.inc({ verdict: 'invalid' });
      return;
    }
    if (backbeat.claims.subject.match(subject)?.agent !== claim.agent_id) {
      metrics.claims.inc({ verdict: 'foreign' });
      return;
    }
    metrics.claims.inc({ verdict: 'valid' });
    const { agent_id: agentId } = claim;
    const now = clock.now();
    const heard = heardClaim(claim, beat === undefined ? now : toldAt(claim.beat_index, beat, now));
    if (this.#lane === undefined) onClaim(agentId, heard);
    else this.#lane.put({ agentId, claim: heard, heardAt: now, payload, headers });
  }
}
