import { ClaimVoice, type EmitOptions } from './agent.ts';
import { type BeatLink, type LinkListener } from './beat-link.ts';
import { type StoredClaim } from './claim-sender.ts';
import { type ClaimInput } from './domain/claim-body.ts';
import { BeatListener } from './listener.ts';
import { type Signer } from './signature.ts';

/**
 * Many agents that share one link: one beat callback for all of them, claims by agent. What falls into
 * the same few milliseconds is stored as one atomic batch of at most 256.
 */
export class Fleet extends BeatListener {
  /** Signs what its agents say; without one nothing is signed. */
  readonly signer: Signer | undefined;
  readonly #voices = new Map<string, ClaimVoice>();

  constructor(link: BeatLink, { signer }: { signer?: Signer | undefined }, release: () => Promise<void>) {
    super(link, release);
    this.signer = signer;
  }

  /** See {@link ClaimVoice.emit}. The agent need not be announced. */
  emitStatusClaim(agentId: string, input: ClaimInput, options?: EmitOptions): Promise<StoredClaim> {
    return this.voice(agentId).emit(input, options);
  }

  /** The voice of one agent, kept until {@link forget}. */
  voice(agentId: string): ClaimVoice {
    const known = this.#voices.get(agentId);
    if (known !== undefined) return known;
    const voice = new ClaimVoice(this.link, { agentId, signer: this.signer });
    this.#voices.set(agentId, voice);
    return voice;
  }

  forget(agentId: string): void {
    this.#voices.delete(agentId);
  }

  /** Hears beats and frames without a callback's lane: synchronous, for those who only take note. */
  tap(listener: LinkListener): () => void {
    return this.link.add(listener);
  }
}
