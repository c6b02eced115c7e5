import { setTimeout as wait } from 'node:timers/promises';
import { type Beat, CLAIM_RETRY_MAX_MS, claimSlot, type Fleet } from '@whoosh/backbeat-sdk';
import { type Log } from '@whoosh/telemetry';
import { Ensemble, isEnd } from './domain/ensemble.ts';
import { joinedAgents } from './domain/joining.ts';
import { bodyOf } from './domain/said-body.ts';
import { type Score } from './domain/score.ts';
import { type SimClaim } from './domain/sim-agent.ts';
import { type FleetFigures } from './fleet-figures.ts';
import { RawClaims } from './raw-claims.ts';

/** Agents whose moments lie this close together speak together. */
const TURN_MS = 5;
/** So many speak before others get the thread: beats must be heard, and answers taken. */
const SPEAKERS_PER_TURN_MAX = 128;
/** With so many claims not yet stored the fleet holds its tongue; beyond, the memory of the process would grow. */
export const CLAIMS_WAITING_MAX = 40_000;
const DRAIN_POLL_MS = 20;
const DRAIN_TIMEOUT_MS = CLAIM_RETRY_MAX_MS + 5_000;

export interface FleetPlayerOptions {
  readonly link: Fleet;
  readonly score: Score;
  readonly agentIds: readonly string[];
  readonly seed: number;
  /** Share of beats on which an agent reports. */
  readonly rate: number;
  readonly joinStaggerMs: number;
  /** Hears the last figures. */
  readonly log?: Pick<Log, 'info'>;
  /** Milliseconds from saying to stored, of one claim in so many. */
  readonly onStored?: (delayMs: number) => void;
}

/** Of so many claims one is timed: a histogram costs more than the claim itself. */
const TIMED_OF = 64;

/**
 * Plays the score with all its agents, one step of each per beat, each at its own place in the first half of it: the
 * work is spread like the claims. Whoever has not spoken when the next beat comes lives on in silence, counted as held.
 */
export class FleetPlayer implements AsyncDisposable {
  readonly #options: FleetPlayerOptions;
  readonly #ensemble: Ensemble;
  readonly #raw: RawClaims;
  /** Places of the agents in the order of their slots. */
  readonly #order: readonly number[];
  readonly #slots: readonly number[];
  readonly #beganAtMs = performance.now();
  readonly #said = { honest: 0, duplicate: 0, late: 0, lie: 0 };
  #beat: Beat | undefined;
  #cursor = 0;
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;
  #beats = 0;
  #silent = 0;
  #held = 0;
  #sent = 0;
  #stored = 0;
  #lost = 0;
  #completed = 0;
  #failed = 0;

  constructor(options: FleetPlayerOptions) {
    this.#options = options;
    this.#ensemble = new Ensemble(options);
    this.#raw = new RawClaims(options.link);
    this.#slots = options.agentIds.map((agentId) => claimSlot(agentId));
    this.#order = options.agentIds
      .map((_, at) => at)
      .toSorted((left, right) => (this.#slots[left] ?? 0) - (this.#slots[right] ?? 0));
    this.#cursor = this.#order.length;
  }

  get figures(): FleetFigures {
    return {
      agents: this.#joined,
      beats: this.#beats,
      said: { ...this.#said },
      silent: this.#silent,
      held: this.#held,
      sent: this.#sent,
      stored: this.#stored,
      lost: this.#lost,
      waiting: this.#waiting,
      completed: this.#completed,
      failed: this.#failed,
    };
  }

  play(beat: Beat): void {
    if (this.#isEnded) return;
    this.#finishInSilence();
    this.#beats += 1;
    this.#beat = beat;
    this.#cursor = 0;
    this.#turn();
  }

  /** No more beats; resolves when all that was said is stored or lost, or will be neither in time. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    const untilMs = performance.now() + DRAIN_TIMEOUT_MS;
    while (this.#waiting > 0 && performance.now() < untilMs) {
      await wait(DRAIN_POLL_MS);
    }
    this.#options.log?.info(this.figures, 'the fleet has ended');
  }

  get #waiting(): number {
    return this.#sent - this.#stored - this.#lost;
  }

  get #joined(): number {
    const { agentIds, joinStaggerMs } = this.#options;
    if (this.#beats === 0) return 0;
    return joinedAgents(agentIds.length, joinStaggerMs, performance.now() - this.#beganAtMs);
  }

  /** Lets speak whose moment has come, and comes back for the next ones. */
  #turn(): void {
    clearTimeout(this.#timer);
    if (this.#isEnded || this.#beat === undefined) return;
    const passed = this.#passedBeats(this.#beat);
    const joined = this.#joined;
    let spoken = 0;
    while (this.#cursor < this.#order.length && spoken < SPEAKERS_PER_TURN_MAX) {
      const at = this.#order[this.#cursor] ?? 0;
      if ((this.#slots[at] ?? 0) > passed) break;
      this.#cursor += 1;
      if (at >= joined) continue;
      spoken += 1;
      this.#speak(at, this.#beat);
    }
    if (this.#cursor >= this.#order.length) return;
    this.#timer = setTimeout(() => this.#turn(), spoken < SPEAKERS_PER_TURN_MAX ? TURN_MS : 0);
  }

  /** How far into the beat it is, in beats; a beat that was stored earlier has no place in time yet. */
  #passedBeats(beat: Beat): number {
    const { link } = this.#options.link;
    const startMs = link.timeOf(beat.index);
    return startMs === undefined ? 1 : (link.clock.nowMs() - startMs) / (link.beatMs ?? 1);
  }

  #finishInSilence(): void {
    const joined = this.#joined;
    for (; this.#cursor < this.#order.length; this.#cursor += 1) {
      const at = this.#order[this.#cursor] ?? 0;
      if (at >= joined) continue;
      const said = this.#ensemble.step(at);
      if (said === undefined) this.#silent += 1;
      else this.#held += 1;
    }
  }

  #speak(at: number, beat: Beat): void {
    const { link, agentIds } = this.#options;
    const said = this.#ensemble.step(at);
    if (said === undefined) this.#silent += 1;
    // The link would put the next beat's number on it.
    else if (link.currentBeat()?.index !== beat.index || this.#waiting >= CLAIMS_WAITING_MAX) this.#held += 1;
    else this.#say(agentIds[at] ?? '', said, beat);
  }

  #say(agentId: string, said: SimClaim, beat: Beat): void {
    const { link } = this.#options;
    this.#said[said.way] += 1;
    this.#count(said);
    if (said.way === 'honest') {
      this.#follow(link.emitStatusClaim(agentId, said.claim, { immediately: true }));
      return;
    }
    const times = said.way === 'duplicate' ? 2 : 1;
    for (const stored of this.#raw.send(agentId, bodyOf(agentId, said, beat), times)) this.#follow(stored);
  }

  #follow(stored: Promise<unknown>): void {
    this.#sent += 1;
    const { onStored } = this.#options;
    if (onStored !== undefined && this.#sent % TIMED_OF === 1) {
      const saidAtMs = performance.now();
      stored.then(() => onStored(performance.now() - saidAtMs)).catch(() => undefined);
    }
    stored.then(this.#onStored, this.#onLost);
  }

  // Made once, not per claim.
  readonly #onStored = (): void => void (this.#stored += 1);
  readonly #onLost = (): void => void (this.#lost += 1);

  #count(said: SimClaim): void {
    if (!isEnd(said)) return;
    if (said.claim.state === 'completed') this.#completed += 1;
    else this.#failed += 1;
  }
}
