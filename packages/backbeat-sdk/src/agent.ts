import { backbeat, CallError } from '@whoosh/contracts';
import { encodeFull, encodeWire, nodeSuffix, type Timestamp } from 'hlc-ts';
import { type BeatLink } from './beat-link.ts';
import { type StoredClaim } from './claim-sender.ts';
import { type ClaimInput, type ClaimProblem, writeClaim } from './domain/claim-body.ts';
import { claimSlot } from './domain/claim-slot.ts';
import { BeatListener } from './listener.ts';
import { type Signer } from './signature.ts';

export interface EmitOptions {
  /** Leaves at once instead of at the agent's slot in the first half of the beat. */
  readonly immediately?: boolean;
}

/** Who speaks, and with which key. */
export interface Speaker {
  readonly agentId: string;
  readonly signer?: Signer | undefined;
}

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
   * Resolves when the claim is stored. Rejects with `invalid_argument` for a claim against the contract (the message says
   * what is wrong with which field, `details.fields` the same as {@link ClaimProblem}s), `failed_precondition` before the
   * first beat, `resource_exhausted` when too many are waiting: all three at once; `unavailable` when it was lost.
   */
  async emit(input: ClaimInput, { immediately = false }: EmitOptions = {}): Promise<StoredClaim> {
    const beat = this.#link.current;
    const timestamp: Timestamp = { ...this.#link.hlc.now(), node: this.#node };
    const claim = writeClaim(input, {
      agentId: this.agentId,
      beatIndex: beat?.index ?? 0,
      hlc: encodeWire(timestamp),
      degraded: beat?.degraded ?? false,
    });
    if (!claim.ok) throw refusal(claim.problems);
    if (beat === undefined) throw new CallError('failed_precondition', 'no beat was heard yet');
    const { payload } = claim;
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

function refusal(fields: readonly ClaimProblem[]): CallError {
  const said = fields.map(({ field, problem }) => `${field}: ${problem}`).join('; ');
  return new CallError('invalid_argument', `the claim breaks its contract: ${said}`, { details: { fields } });
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
