import { type Beat } from '@whoosh/backbeat-sdk';
import { type councils } from '@whoosh/contracts';
import { type Log } from '@whoosh/telemetry';
import { type Brief } from './domain/brief.ts';
import { type CouncilAct, type CouncilPart, takeTurn } from './domain/council-part.ts';
import { isTimeToLook, type LastLook } from './domain/looking.ts';
import { isWanted, type Offer } from './domain/offered-seat.ts';
import { type Claim } from './domain/sim-agent.ts';
import { type Rest, RestRefusal } from './rest.ts';

export interface CouncilSeatOptions {
  readonly rest: Rest;
  readonly log: Log;
  readonly agentId: string;
  readonly role: string;
  readonly capabilities: readonly string[];
  readonly councilId: string;
  readonly taskId: string;
  readonly brief: Brief;
}

/** Offers come once a bar; who says more of them is not answered more often. */
const ANSWER_EVERY_MS = 1_000;
/** Reading, then voting on what was read: more turns on one beat have nothing left to do. */
const TURNS_PER_BEAT_MAX = 3;

/** Takes part in one council over REST: claims the seat, hands in artifacts, reads those of others, votes. */
export class CouncilSeat {
  readonly #options: CouncilSeatOptions;
  readonly #contents = new Map<string, string>();
  readonly #voted = new Set<string>();
  readonly #handedIn = new Set<string>();
  #seat: CouncilPart['seat'] = 'seeking';
  #council: councils.CouncilView | undefined;
  #lookedAt: LastLook | undefined;
  #seekAgainAtMs = 0;
  #answerAgainAtMs = 0;
  #isUnfit = false;
  #firstBeat: number | undefined;
  #age = 0;
  #isExecuting = false;
  #working: Promise<void> = Promise.resolve();
  #isWorking = false;

  constructor(options: CouncilSeatOptions) {
    this.#options = options;
  }

  /** What to say on this beat; the work itself goes on beside it, and never twice at once. */
  onBeat(beat: Beat): Claim {
    this.#firstBeat ??= beat.index;
    this.#age = beat.index - this.#firstBeat;
    const { claim } = takeTurn(this.#part());
    this.#isExecuting = claim.state === 'executing';
    this.#begin(() => this.#work(beat));
    return claim;
  }

  /** A seat is announced as open. The one that this agent is for is claimed at once, however it was refused before. */
  offered(offer: Offer): void {
    const { councilId, role } = this.#options;
    const nowMs = performance.now();
    const isUnfit = this.#isUnfit;
    if (nowMs < this.#answerAgainAtMs || !isWanted(offer, { councilId, role, seat: this.#seat, isUnfit }))
      return;
    this.#answerAgainAtMs = nowMs + ANSWER_EVERY_MS;
    this.#seat = 'seeking';
    this.#seekAgainAtMs = 0;
    this.#begin(() => this.#attempt(() => this.#seek()));
  }

  /** The last word of an agent that is told to stop. */
  farewell(): Claim {
    const { claim } = takeTurn(this.#part());
    const isDone = claim.state === 'completed' || claim.state === 'failed';
    return isDone ? claim : { state: 'idle', notes: 'told to stop' };
  }

  /** Resolves when nothing is in flight. */
  async settled(): Promise<void> {
    await this.#working;
  }

  #part(): CouncilPart {
    const { role, agentId, taskId, brief } = this.#options;
    return {
      role,
      agentId,
      taskId,
      brief,
      seat: this.#seat,
      council: this.#council,
      contents: this.#contents,
      voted: this.#voted,
      handedIn: this.#handedIn,
      isExecuting: this.#isExecuting,
      age: this.#age,
    };
  }

  /** One thing at a time; what comes meanwhile is due on the next beat. */
  #begin(work: () => Promise<void>): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#working = work().finally(() => {
      this.#isWorking = false;
    });
  }

  async #work(beat: Beat): Promise<void> {
    await this.#attempt(async () => {
      if (this.#seat === 'seeking') await this.#seek();
      const isTime = isTimeToLook(beat, this.#lookedAt, this.#council, performance.now());
      if (isTime && this.#seat !== 'lost') await this.#look(beat);
      for (let turn = 0; turn < TURNS_PER_BEAT_MAX && this.#council !== undefined; turn += 1) {
        const { acts } = takeTurn(this.#part());
        if (acts.length === 0) return;
        for (const act of acts) await this.#act(act);
        if (acts.some(({ type }) => type === 'hand_in')) await this.#look(beat);
      }
    });
  }

  async #attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (cause) {
      const { role, agentId: agent } = this.#options;
      this.#options.log.warn({ err: cause, role, agent }, 'an act in the council has to wait');
    }
  }

  async #look(beat: Beat): Promise<void> {
    this.#lookedAt = { atMs: performance.now(), atBeat: beat.index };
    this.#council = await this.#options.rest.council(this.#options.councilId);
  }

  async #seek(): Promise<void> {
    if (performance.now() < this.#seekAgainAtMs) return;
    const { rest, log, councilId, agentId, role, capabilities } = this.#options;
    try {
      this.#council = await rest.claimSeat(councilId, {
        agent_id: agentId,
        role,
        capabilities: [...capabilities],
      });
      this.#seat = 'held';
      log.info({ role, agent: agentId, council: councilId }, 'seat claimed');
    } catch (cause) {
      if (!(cause instanceof RestRefusal)) throw cause;
      this.#refused(cause);
    }
  }

  #refused(refusal: RestRefusal): void {
    const { log, role, agentId } = this.#options;
    const { reserved_until: reservedUntil, agent_id: holder } = refusal.details;
    if (refusal.code === 'taken' && holder === agentId) {
      this.#seat = 'held';
      return;
    }
    if (refusal.isPassing || refusal.code === 'not_found') {
      this.#seekAgainAtMs = performance.now() + (refusal.retryAfterMs ?? 0);
      return;
    }
    if (typeof reservedUntil === 'string') {
      // Kept for another one for a while; afterwards whoever is able may have it.
      this.#seekAgainAtMs = performance.now() + Math.max(0, Date.parse(reservedUntil) - Date.now());
      return;
    }
    this.#seat = 'lost';
    this.#isUnfit = refusal.code === 'not_qualified';
    log.warn({ err: refusal, role, agent: agentId, holder }, 'the seat is not to be had');
  }

  async #act(act: CouncilAct): Promise<void> {
    const { rest, councilId } = this.#options;
    try {
      switch (act.type) {
        case 'hand_in': {
          const { kind, mediaType: media_type, content, path } = act.draft;
          await rest.addArtifact(councilId, { kind, media_type, content, path });
          this.#handedIn.add(act.key);
          return;
        }
        case 'read': {
          const { content } = await rest.artifact(councilId, act.artifactId);
          this.#contents.set(act.artifactId, content);
          return;
        }
        case 'vote': {
          const { artifactId: artifact_id, verdict } = act;
          await rest.vote(councilId, { artifact_id, ...verdict });
          this.#voted.add(artifact_id);
        }
      }
    } catch (cause) {
      // Voted on before a restart of ours: the vote stands.
      if (act.type === 'vote' && cause instanceof RestRefusal && cause.code === 'taken') {
        this.#voted.add(act.artifactId);
        return;
      }
      throw cause;
    }
  }
}
