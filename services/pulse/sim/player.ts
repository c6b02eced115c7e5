import { leaseUntil, MemoryStorage, type Message, raftConfig, RaftNode, type Ready } from 'raft-ts';
import { type Random } from '@whoosh/stdx';
import { apply } from '../src/domain/apply.ts';
import {
  type Conductor,
  conduct,
  type Effect,
  expectedBy,
  layDown,
  newConductor,
  proposalRefused,
  takeUp,
  takeUpOffsetMs,
} from '../src/domain/conductor.ts';
import { decodeEntry, encodeEntry, type Entry } from '../src/domain/entry.ts';
import { gridTimeOf, type Score, segmentAt } from '../src/domain/score.ts';
import { type HeardBeat, HeardGrid } from '../src/metronome/heard-grid.ts';
import { type Schedule } from './schedule.ts';

const TICK_MS = 10;
const ELECTION_TICKS = 15;
const LEAD_MS = 20;

/** Faults in our own code that the simulation must find. */
export type Mutant = 'none' | 'publish_unreserved' | 'lease_only' | 'lease_ignored';

export interface SimBeat extends HeardBeat {
  readonly node: string;
  readonly boot: string;
}

export interface World {
  readonly schedule: Schedule;
  readonly random: Random;
  readonly mutant: Mutant;
  readonly peers: readonly number[];
  readonly fsyncMsMax: number;
  /** What the process does may be held up between the decision and the act: how long, this time. */
  holdMs(): number;
  send(message: Message): void;
  publish(beat: SimBeat): void;
  /** A node decides to publish; its lease as it is, whatever a mutant makes of it. */
  decided(index: number, nowMs: number, leaseUntilMs: number | undefined): void;
  applied(node: number, raftIndex: number, score: Score): void;
}

/** One pulse in virtual time: the real core of Raft, the real score and conductor, a clock of its own. */
export class Player {
  readonly id: number;
  readonly #world: World;
  readonly #storage = new MemoryStorage();
  readonly #clock: { readonly rate: number; readonly offsetMs: number; readonly wallOffsetMs: number };
  #raft!: RaftNode;
  #score: Score | undefined;
  #conductor!: Conductor;
  #grid = new HeardGrid();
  #ledTerm: number | undefined;
  #appliedTerm = 0;
  #tickTimes: number[] = [];
  #life = 0;
  #wakes = 0;
  #isBusy = false;
  isUp = false;
  /** Reasons for which the process stands still; everything that comes waits. */
  #stops = 0;
  #waiting: (() => void)[] = [];

  constructor(id: number, world: World) {
    this.id = id;
    this.#world = world;
    const { random } = world;
    this.#clock = {
      rate: 1 + random.int(-200, 200) / 1e6,
      offsetMs: random.int(0, 100_000),
      wallOffsetMs: random.int(-200, 200),
    };
  }

  get name(): string {
    return `n${this.id}`;
  }

  get score(): Score | undefined {
    return this.#score;
  }

  /** Counts the starts of the process. */
  get life(): number {
    return this.#life;
  }

  get isPaused(): boolean {
    return this.#stops > 0;
  }

  get isLeading(): boolean {
    return this.isUp && !this.isPaused && this.#termLed() !== undefined;
  }

  #localMs(): number {
    return this.#world.schedule.nowMs * this.#clock.rate + this.#clock.offsetMs;
  }

  #wallMs(): number {
    return 1_000_000_000 + this.#world.schedule.nowMs + this.#clock.wallOffsetMs;
  }

  start(): void {
    this.#life += 1;
    this.isUp = true;
    this.#score = undefined;
    this.#grid = new HeardGrid();
    this.#ledTerm = undefined;
    this.#appliedTerm = 0;
    this.#isBusy = false;
    this.#waiting = [];
    this.#conductor = newConductor(this.name, `${this.name}/${this.#life}`);
    const { peers, random } = this.#world;
    this.#raft = new RaftNode(
      raftConfig({ id: this.id, peers, electionTicks: ELECTION_TICKS, random: () => random.next() }),
      this.#storage,
    );
    this.#tickTimes = [this.#localMs()];
    this.#tickLater(this.#life);
  }

  /** Everything that was not written is gone. */
  crash(): void {
    this.isUp = false;
    this.#stops = 0;
    this.#life += 1;
  }

  pause(): void {
    this.#stops += 1;
  }

  resume(): void {
    this.#stops = Math.max(0, this.#stops - 1);
    if (this.isPaused) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    // Each goes by #inLife: when one of them stops the process again, the rest waits on.
    for (const run of waiting) run();
  }

  /** Runs in this life of the process, when it runs at all. */
  #later(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.#world.schedule.after(delayMs, () => this.#inLife(life, run));
  }

  #inLife(life: number, run: () => void): void {
    if (life !== this.#life || !this.isUp) return;
    if (this.isPaused) this.#waiting.push(() => this.#inLife(life, run));
    else run();
  }

  #tickLater(life: number): void {
    this.#later(TICK_MS / this.#clock.rate, () => {
      if (life !== this.#life) return;
      this.#tickTimes.push(this.#localMs());
      this.#raft.tick();
      this.#pump();
      this.#tickLater(life);
    });
  }

  receive(message: Message): void {
    this.#inLife(this.#life, () => {
      this.#raft.step(message);
      this.#pump();
    });
  }

  /** The connection of a peer closed. */
  peerGone(id: number): void {
    this.#inLife(this.#life, () => {
      if (this.#raft.status().leader !== id || !this.#raft.forgetLeader()) return;
      this.#later(this.#world.random.int(0, 2) * 8, () => {
        if (this.#raft.status().leader === 0) this.#raft.campaign();
        this.#pump();
      });
    });
  }

  hear(beat: SimBeat): void {
    this.#inLife(this.#life, () => {
      this.#grid.hear(beat, this.#localMs(), this.#score?.epoch);
    });
  }

  /** An operator's or the conductor's entry, if this node leads. */
  propose(entry: Entry): boolean {
    if (!this.isUp || this.isPaused) return false;
    const { ok } = this.#raft.propose(encodeEntry(entry));
    this.#pump();
    return ok;
  }

  #pump(): void {
    if (this.#isBusy || !this.#raft.hasReady()) return;
    this.#isBusy = true;
    const ready = this.#raft.ready();
    const { random, fsyncMsMax } = this.#world;
    const writes = ready.hardState !== undefined || ready.entries.length > 0 || ready.snapshot !== undefined;
    const syncMs = writes ? 0.1 + random.next() * fsyncMsMax : 0;
    this.#later(syncMs, () => this.#finish(ready));
  }

  #finish(ready: Ready): void {
    if (ready.hardState !== undefined) this.#storage.setHardState(ready.hardState);
    this.#storage.append(ready.entries);
    for (const message of ready.messages) this.#world.send(message);
    for (const entry of ready.committedEntries) {
      this.#appliedTerm = entry.term;
      if (entry.data.byteLength === 0) continue;
      this.#score = apply(this.#score, decodeEntry(entry.data), entry.term).score;
      if (this.#score !== undefined) this.#world.applied(this.id, entry.index, this.#score);
    }
    this.#raft.advance(ready);
    this.#isBusy = false;
    this.#lead();
    this.#advance();
    this.#pump();
  }

  #lead(): void {
    const { role, term } = this.#raft.status();
    if (role !== 'leader') {
      this.#ledTerm = undefined;
      this.#conductor = layDown(this.#conductor);
      return;
    }
    if (this.#appliedTerm !== term || this.#ledTerm === term) return;
    this.#ledTerm = term;
    const score = this.#score;
    const wallOffsetMs = this.#localMs() - this.#wallMs();
    const heardMs = score && this.#grid.offsetMs(score.epoch);
    const offsetMs = takeUpOffsetMs(score, this.#localMs(), { heardMs, wallMs: wallOffsetMs });
    const expected =
      score === undefined
        ? 0
        : expectedBy(score, this.#grid.last?.index, () => this.#grid.last !== undefined);
    this.#conductor = takeUp(this.#conductor, { term, offsetMs }, expected);
    if (score !== undefined) return;
    const anchor = { index: 0, at: this.#localMs() - offsetMs + 100 };
    const tempo = this.#world.random.pick([60, 120, 300]);
    this.propose({ type: 'init', epoch: Math.floor(this.#wallMs()), anchor, tempo, bar_length: 4 });
  }

  #termLed(): number | undefined {
    const { role, term } = this.#raft.status();
    return role === 'leader' && term === this.#ledTerm ? term : undefined;
  }

  #leaseUntilMs(): number | undefined {
    const { leaseTick } = this.#raft.status();
    const sentAtMs = leaseTick === undefined ? undefined : this.#tickTimes[leaseTick];
    if (sentAtMs === undefined) return undefined;
    return leaseUntil({
      sentAtMs,
      electionTicks: ELECTION_TICKS,
      tickMs: TICK_MS,
      driftPpm: 1_000,
      marginMs: 10,
    });
  }

  #advance(): void {
    const nowMs = this.#localMs();
    const { conductor, effects } = conduct(this.#conductor, {
      nowMs,
      score: this.#score,
      ledTerm: this.#world.mutant === 'lease_ignored' ? this.#conductor.leads?.term : this.#termLed(),
      leaseUntilMs: this.#world.mutant === 'lease_ignored' ? nowMs + 1 : this.#leaseUntilMs(),
      isWired: true,
      leadMs: LEAD_MS,
      isClosing: false,
    });
    this.#conductor = conductor;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    const { mutant } = this.#world;
    if (effect.type === 'wake') {
      this.#wakes += 1;
      const wake = this.#wakes;
      // A microsecond at least: less may not move the virtual clock at all.
      this.#later(Math.max(0.001, (effect.atMs - this.#localMs()) / this.#clock.rate), () => {
        if (wake === this.#wakes) this.#advance();
      });
      return;
    }
    if (effect.type === 'publish') {
      const isMutantsWork = mutant === 'publish_unreserved' || mutant === 'lease_only';
      if (isMutantsWork) return;
      this.#world.decided(effect.index, this.#localMs(), this.#leaseUntilMs());
      this.#emitLater(effect.index);
      return;
    }
    if (effect.type !== 'propose') return;
    const { entry } = effect;
    if (entry.type === 'reserve') this.#mutate(entry.index);
    if (this.propose(entry)) return;
    this.#conductor = proposalRefused(this.#conductor, this.#localMs());
    this.#later(0, () => this.#advance());
  }

  /** The mutants: what a pulse without this or that guard would do at this point. */
  #mutate(index: number): void {
    const { mutant } = this.#world;
    if (mutant === 'publish_unreserved') this.#emitLater(index);
    if (mutant !== 'lease_only' || this.#score === undefined) return;
    // Fenced by the lease alone, one beat ahead of what was heard.
    const next = Math.max(index, (this.#grid.last?.index ?? -1) + 1);
    this.#later(LEAD_MS, () => {
      const until = this.#leaseUntilMs();
      if (this.#termLed() !== undefined && until !== undefined && this.#localMs() < until)
        this.#emitLater(next);
    });
  }

  #emitLater(index: number): void {
    const score = this.#score;
    const term = this.#conductor.leads?.term;
    if (score === undefined || term === undefined) return;
    const beat: SimBeat = {
      epoch: score.epoch,
      term,
      index,
      at: gridTimeOf(score, index),
      tempoBpm: segmentAt(score, index).tempoBpm,
      node: this.name,
      boot: this.#conductor.boot,
    };
    const holdMs = this.#world.holdMs();
    if (holdMs === 0) {
      this.#world.publish(beat);
      return;
    }
    // Held between check and send: a whole process is, not the send alone.
    this.pause();
    this.#world.schedule.after(holdMs, () => {
      if (!this.isUp || beat.boot !== this.#conductor.boot) return;
      this.#world.publish(beat);
      this.resume();
    });
  }
}
