import { backbeat, CallError } from '@whoosh/contracts';
import { encodeFull, encodeWire, nodeSuffix, type Timestamp } from 'hlc-ts';
import { type BeatLink } from './beat-link.ts';
import { type StoredClaim } from './claim-sender.ts';
import { claimSlot } from './domain/claim-slot.ts';
import { BeatListener } from './listener.ts';
import { type Signer } from './signature.ts';

/** A StatusClaim without what the link fills in. */
export type ClaimInput = Omit<backbeat.StatusClaim, 'type' | 'agent_id' | 'beat_index' | 'hlc'>;

export interface EmitOptions {
  /** Leaves at once instead of at the agent's slot in the first half of the beat. */
  readonly immediately?: boolean;
}

/** Who speaks, and with which key. */
export interface Speaker {
  readonly agentId: string;
  readonly signer?: Signer | undefined;
}

const encoder = new TextEncoder();

/** What an agent says of itself, and when: agent_id, beat_index and hlc filled in, sent at the agent's slot. */
export class ClaimVoice {
  readonly agentId: string;
  readonly #link: BeatLink;
  readonly #slot: number;
  readonly #node: number;
  readonly #subject: string;
  readonly #signer: Signer | undefined;

  constructor(link: BeatLink, { agentId, signer }: Speaker) {
    this.agentId = backbeat.BackbeatAgentId.parse(agentId);
    this.#link = link;
    this.#slot = claimSlot(agentId);
    this.#node = nodeSuffix(agentId);
    this.#subject = backbeat.claims.subject.at({ cluster: link.clusterId, agent: agentId });
    this.#signer = signer;
  }

  /**
   * Resolves when the claim is stored. Rejects with `failed_precondition` before the first beat,
   * `invalid_argument` for a claim against the contract, `unavailable` when it was lost, `resource_exhausted`
   * when too many are waiting.
   */
  async emit(input: ClaimInput, { immediately = false }: EmitOptions = {}): Promise<StoredClaim> {
    const beat = this.#link.current;
    if (beat === undefined) throw new CallError('failed_precondition', 'no beat was heard yet');
    const timestamp: Timestamp = { ...this.#link.hlc.now(), node: this.#node };
    const claim = {
      ...input,
      type: 'backbeat.statusclaim.v1',
      agent_id: this.agentId,
      beat_index: beat.index,
      hlc: encodeWire(timestamp),
      ...(beat.degraded ? { metadata: { ...input.metadata, degraded: true } } : {}),
    };
    const checked = backbeat.StatusClaim.safeParse(claim);
    if (!checked.success || !backbeat.CLAIM_STATES.includes(input.state)) {
      throw new CallError('invalid_argument', 'the claim breaks its contract', { cause: checked.error });
    }
    const payload = encoder.encode(JSON.stringify(checked.data));
    if (payload.byteLength > backbeat.CLAIM_BYTES_MAX) {
      throw new CallError('invalid_argument', `a claim has at most ${backbeat.CLAIM_BYTES_MAX} bytes`);
    }
    const dueMs = immediately ? 0 : this.#slotMs(beat.index);
    return this.#link.claims.send(
      { subject: this.#subject, payload, hlc: encodeFull(timestamp), signer: this.#signer },
      dueMs,
    );
  }

  #slotMs(index: number): number {
    const startMs = this.#link.timeOf(index);
    return startMs === undefined ? 0 : startMs + this.#slot * (this.#link.beatMs ?? 0);
  }
}

/** One agent on the beat. */
export class Agent extends BeatListener {
  readonly agentId: string;
  readonly #voice: ClaimVoice;

  constructor(link: BeatLink, speaker: Speaker, release: () => Promise<void>) {
    super(link, release);
    this.#voice = new ClaimVoice(link, speaker);
    this.agentId = speaker.agentId;
  }

  /** See {@link ClaimVoice.emit}. */
  emitStatusClaim(input: ClaimInput, options?: EmitOptions): Promise<StoredClaim> {
    return this.#voice.emit(input, options);
  }
}
